import { type Parsed, parsed, unparsed } from "./parsed.ts";
import { childOf, escapeXml, parseXmlBody, type XmlElement } from "./xml-body.ts";

/** The media type of a disposition notification. RFC 5438 §11.2. */
export const IMDN_TYPE = "message/imdn+xml";

/** What a notification may tell, by its kind. RFC 5438 §11.1. */
export const IMDN_STATUSES = {
  "delivery-notification": ["delivered", "failed", "forbidden", "error"],
  "display-notification": ["displayed", "forbidden", "error"],
  "processing-notification": ["processed", "stored", "forbidden", "error"],
} as const;

export type ImdnNotification = keyof typeof IMDN_STATUSES;
export type ImdnStatus = (typeof IMDN_STATUSES)[ImdnNotification][number];

/** What happened to one message. RFC 5438 §11.1. */
export interface Imdn {
  readonly messageId: string; // imdn.Message-ID of that message; its Call-ID when it came without CPIM
  readonly notification: ImdnNotification;
  readonly status: ImdnStatus;
}

export interface ImdnParts extends Imdn {
  readonly dateTime: string; // RFC 3339: of the message, not of the notification
  readonly recipientUri: string; // whoever got the message
  readonly originalRecipientUri?: string; // to whom it was sent, when that is another address
}

/** Message-IDs of known clients have up to 40 characters; more is nothing that we sent. */
const MAX_MESSAGE_ID = 255;

/** Reads a message/imdn+xml body, with or without namespace prefixes. RFC 5438 §11.1. */
export function parseImdn(body: Buffer): Parsed<Imdn> {
  const root = parseXmlBody(body);
  if (!root.ok) return root;
  if (root.value.name !== "imdn") return unparsed("the root of an IMDN is <imdn/>");
  const messageId = childOf(root.value, "message-id")?.text ?? "";
  if (messageId === "") return unparsed("an IMDN without message-id");
  if (messageId.length > MAX_MESSAGE_ID) return unparsed("the message-id of the IMDN is too long");
  for (const { name, children } of root.value.children) {
    if (!isNotification(name)) continue;
    const status = statusOf(children, IMDN_STATUSES[name]);
    return status === undefined
      ? unparsed(`a ${name} without a known status`)
      : parsed({ messageId, notification: name, status });
  }
  return unparsed("an IMDN that notifies of nothing");
}

/** A message/imdn+xml body. RFC 5438 §7.2.1, §11.1. */
export function formatImdn(parts: ImdnParts): Buffer {
  const { messageId, dateTime, recipientUri, originalRecipientUri, notification, status } = parts;
  const original =
    originalRecipientUri === undefined
      ? ""
      : `<original-recipient-uri>${escapeXml(originalRecipientUri)}</original-recipient-uri>`;
  return Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?>\r\n<imdn xmlns="urn:ietf:params:xml:ns:imdn">` +
      `<message-id>${escapeXml(messageId)}</message-id><datetime>${escapeXml(dateTime)}</datetime>` +
      `<recipient-uri>${escapeXml(recipientUri)}</recipient-uri>${original}` +
      `<${notification}><status><${status}/></status></${notification}></imdn>`,
    "utf8",
  );
}

function isNotification(name: string): name is ImdnNotification {
  return Object.hasOwn(IMDN_STATUSES, name);
}

/** The first element of <status/> that the notification knows; extensions (a reason, a code) may stand beside it. */
function statusOf(children: readonly XmlElement[], known: readonly ImdnStatus[]): ImdnStatus | undefined {
  const said = children.find(({ name }) => name === "status")?.children ?? [];
  return known.find((status) => said.some(({ name }) => name === status));
}

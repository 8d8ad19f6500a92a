import { formatCpim } from "../../sip/cpim.ts";
import type { OutgoingRequest } from "../../sip/engine.ts";
import type { HeaderField } from "../../sip/header-fields.ts";
import { formatImdn, IMDN_TYPE, type ImdnNotification, type ImdnStatus } from "../../sip/imdn.ts";
import { formatIsComposing, IS_COMPOSING_TYPE } from "../../sip/is-composing.ts";
import { latin1FromUtf8 } from "../../sip/text.ts";
import type { Asked, Composing, Disposition, InstantMessage } from "./instant-message.ts";

export interface SipEnvelope {
  readonly from: string; // SIP URI of the XMPP user
  readonly to: string; // SIP URI of the AOR
  readonly callId: string; // fresh for each MESSAGE: phones drop a reused one as a duplicate
  readonly date: Date; // when the sender sent it
  readonly messageId?: string; // imdn.Message-ID, by which an IMDN will name it; default: the Call-ID
  /** Present: the content is wrapped in message/cpim, which asks for these. RFC 5438 §6.2. */
  readonly cpim?: { readonly dispositions: readonly string[] };
}

/** Of a message about another message. */
export interface NotificationEnvelope extends SipEnvelope {
  readonly originalTo?: string; // SIP URI that the message was sent to, when another one got it
  readonly originalDate?: Date; // when that message was sent; default: the date of the notification
}

export type MessageRequest = Omit<OutgoingRequest, "uri" | "flow">;

const TEXT_TYPE = "text/plain;charset=UTF-8";

/** How each outcome is told. RFC 5438 §7.2.1, §11.1. */
export const IMDN_OF_OUTCOME: Readonly<Record<Asked, { notification: ImdnNotification; status: ImdnStatus }>> = {
  delivered: { notification: "delivery-notification", status: "delivered" },
  failed: { notification: "delivery-notification", status: "failed" },
  displayed: { notification: "display-notification", status: "displayed" },
};

/** Instant message -> MESSAGE, apart from where it goes. RFC 7572 §4; in CPIM RFC 3862 §3, RFC 5438 §7.1.1. */
export function messageFromIm(im: InstantMessage, envelope: SipEnvelope): MessageRequest {
  const headers = headersOf(im);
  const body = Buffer.from(im.text, "utf8");
  if (envelope.cpim !== undefined) {
    const subject = im.subject === undefined ? {} : { subject: im.subject };
    const wrapped = inCpim({ contentType: TEXT_TYPE, body, ...subject, ...envelope.cpim }, envelope);
    return request(envelope, { contentType: "message/cpim", body: wrapped, headers });
  }
  const subject: readonly HeaderField[] = im.subject === undefined ? [] : [["Subject", latin1FromUtf8(im.subject)]];
  return request(envelope, { contentType: TEXT_TYPE, body, headers: [...subject, ...headers] });
}

/** What stands outside of CPIM in either form. RFC 3834 §5: nobody is to answer a program's message with another. */
function headersOf({ language, automatic }: InstantMessage): readonly HeaderField[] {
  return [
    ...(language === undefined ? [] : [["Content-Language", language] as const]),
    ...(automatic ? [["Auto-Submitted", "auto-generated"] as const] : []),
  ];
}

/** What became of a message -> MESSAGE with an IMDN, which never asks for one itself. RFC 5438 §7.2.1. */
export function messageFromDisposition(disposition: Disposition, envelope: NotificationEnvelope): MessageRequest {
  const { from, originalTo, originalDate = envelope.date } = envelope;
  const body = formatImdn({
    messageId: disposition.messageId,
    dateTime: dateTimeOf(originalDate),
    recipientUri: from,
    ...(originalTo === undefined ? {} : { originalRecipientUri: originalTo }),
    ...IMDN_OF_OUTCOME[disposition.outcome],
  });
  const headers: readonly HeaderField[] = [["Priority", "non-urgent"]];
  if (envelope.cpim === undefined) return request(envelope, { contentType: IMDN_TYPE, body, headers });
  const wrapped = inCpim({ contentType: IMDN_TYPE, contentDisposition: "notification", body }, envelope);
  return request(envelope, { contentType: "message/cpim", body: wrapped, headers });
}

/** Composing notice -> MESSAGE that is worth nothing once it is late; never in CPIM. RFC 3994 §3.4, §4. */
export function messageFromComposing(composing: Composing, envelope: SipEnvelope): MessageRequest {
  const body = formatIsComposing({ ...composing, contentType: "text/plain" });
  const headers: readonly HeaderField[] = [
    ["Expires", "0"],
    ["Priority", "non-urgent"],
  ];
  return request(envelope, { contentType: IS_COMPOSING_TYPE, body, headers });
}

/** The longest that the engine adds of its own to a request: the topmost Via with an IPv6 address, the tag of From. */
const ENGINE_HEAD = [
  `Via: SIP/2.0/UDP [${"0".repeat(39)}]:65535;branch=z9hG4bK${"0".repeat(20)};rport`,
  `;tag=${"0".repeat(16)}`,
  "Max-Forwards: 70",
  "CSeq: 2147483647 MESSAGE",
  `User-Agent: ${"0".repeat(24)}`,
  "Content-Length: 100000",
  "", // the empty line
];

/** No less than the bytes of the request's head as it goes by UDP, and little more. RFC 3261 §7, §18.1.1. */
export function messageOverheadBytes(message: MessageRequest, targetUri: string): number {
  const fields: readonly HeaderField[] = [
    ["From", message.from],
    ["To", message.to],
    ["Call-ID", message.callId ?? ""],
    ...(message.headers ?? []),
  ];
  const lines = [
    `${message.method} ${targetUri} SIP/2.0`,
    ...fields.map(([name, value]) => `${name}: ${value}`),
    ...ENGINE_HEAD,
  ];
  // Texts outside of latin1 become UTF-8; for the others this counts too many.
  return lines.reduce((bytes, line) => bytes + Buffer.byteLength(line, "utf8") + "\r\n".length, 0);
}

interface Content {
  readonly contentType: string;
  readonly body: Buffer;
  readonly headers: readonly HeaderField[];
}

function request(envelope: SipEnvelope, { contentType, body, headers }: Content): MessageRequest {
  return {
    method: "MESSAGE",
    from: `<${envelope.from}>`,
    to: `<${envelope.to}>`,
    callId: envelope.callId,
    headers: [["Date", envelope.date.toUTCString()], ["Content-Type", contentType], ...headers],
    body,
  };
}

interface Wrapped {
  readonly contentType: string;
  readonly contentDisposition?: string;
  readonly body: Buffer;
  readonly subject?: string;
  readonly dispositions?: readonly string[];
}

function inCpim(content: Wrapped, { from, to, date, callId, messageId = callId }: SipEnvelope): Buffer {
  return formatCpim({
    from: { name: undefined, uri: from },
    to: { name: undefined, uri: to },
    dateTime: dateTimeOf(date),
    messageId,
    ...content,
  });
}

/** RFC 3339 in UTC, in whole seconds as phones write it. RFC 3862 §4.4. */
function dateTimeOf(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

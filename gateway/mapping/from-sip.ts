import type { Imdn, ImdnNotification, ImdnStatus } from "../../sip/imdn.ts";
import type { SipRequest } from "../../sip/message.ts";
import {
  READABLE_TYPES,
  readMessageContent,
  type UnreadContent,
  type WrittenContent,
} from "../../sip/message-content.ts";
import { utf8FromLatin1 } from "../../sip/text.ts";
import { type Asked, type Composing, type Disposition, type InstantMessage, LANGUAGE_TAG } from "./instant-message.ts";

/** The media types that a MESSAGE may bring, as the Accept header of a 415 and of OPTIONS tells them. RFC 3428 §7. */
export const ACCEPTED_TYPES = READABLE_TYPES.join(", ");

/** What a MESSAGE says; `nothing` is understood, and nothing to pass on. */
export type ContentFromSip =
  | { readonly ok: true; readonly kind: "im"; readonly im: InstantMessage }
  | { readonly ok: true; readonly kind: "disposition"; readonly disposition: Disposition }
  | { readonly ok: true; readonly kind: "composing"; readonly composing: Composing }
  | { readonly ok: true; readonly kind: "nothing" }
  | UnreadContent;

export interface FromSip {
  readonly request: SipRequest;
  readonly maxBytes: number; // of the body when it is unpacked: im.max-size
}

/** RFC 3261 §8.1.1.7: what every branch begins with. */
const MAGIC_COOKIE = "z9hG4bK";

/** What a sender may ask for, RFC 5438 §6.2, as both mappings call it. */
const ASKED: ReadonlyMap<string, Asked> = new Map([
  ["positive-delivery", "delivered"],
  ["negative-delivery", "failed"],
  ["display", "displayed"],
]);

/**
 * What a notification means for the sender of the message; `undefined` is nothing that XMPP could say. `forbidden` is the
 * recipient's wish not to tell, `processed` and `stored` speak of servers on the way. RFC 5438 §7.1, §11.1.
 */
// biome-ignore format: table
export const OUTCOME_OF_IMDN: Readonly<Record<ImdnNotification, Readonly<Partial<Record<ImdnStatus, Asked>>>>> = {
  "delivery-notification":   { delivered: "delivered", failed: "failed", error: "failed" },
  "display-notification":    { displayed: "displayed" },
  "processing-notification": {},
};

/** Longer ones would be kept, and repeated, for nothing; known clients make some 40 characters. */
const MAX_MESSAGE_ID = 255;

/**
 * MESSAGE -> instant message, disposition or composing notice. Of an instant message: body as text, Subject,
 * Content-Language, Call-ID as the thread, and the branch as the id, as RFC 7572 §5 has it; the id of the stanza that goes
 * out comes from delivery/stanza-ids.ts instead. RFC 5438; RFC 3994.
 */
export function contentFromSip({ request, maxBytes }: FromSip): ContentFromSip {
  const read = readMessageContent({ headers: request.fields, body: request.body }, maxBytes);
  if (!read.ok) return read;
  const { content } = read;
  switch (content.kind) {
    case "text":
      return content.text === "" ? { ok: true, kind: "nothing" } : { ok: true, kind: "im", im: imOf(request, content) };
    case "imdn":
      return dispositionOf(content.imdn);
    case "composing": {
      const { state, refreshSeconds } = content.composing;
      return { ok: true, kind: "composing", composing: { state, refreshSeconds } };
    }
  }
}

function dispositionOf({ messageId, notification, status }: Imdn): ContentFromSip {
  const outcome = OUTCOME_OF_IMDN[notification][status];
  if (outcome === undefined) return { ok: true, kind: "nothing" };
  return { ok: true, kind: "disposition", disposition: { messageId, outcome } };
}

function imOf(request: SipRequest, content: WrittenContent): InstantMessage {
  const callId = utf8FromLatin1(request.callId);
  const subject = request.fields.get("subject");
  const language = request.fields.get("content-language")?.split(",")[0]?.trim() ?? "";
  const branch = request.via.branch;
  return {
    text: content.text,
    thread: callId,
    ...optional("subject", subject === undefined || subject === "" ? content.subject : utf8FromLatin1(subject)),
    ...optional("language", LANGUAGE_TAG.test(language) ? language : undefined), // ejabberd refuses a stanza over it
    ...optional("id", branch?.startsWith(MAGIC_COOKIE) ? utf8FromLatin1(branch.slice(MAGIC_COOKIE.length)) : branch),
    ...namedAndAsked(content, callId),
    ...(isAutomatic(request) ? { automatic: true } : {}),
  };
}

/** Only a message with a Message-ID can ask: a notification has to name it. RFC 5438 §6.3. */
function namedAndAsked(content: WrittenContent, callId: string): Pick<InstantMessage, "messageId" | "asks"> {
  const { messageId = "", dispositions = [] } = content;
  if (messageId === "" || messageId.length > MAX_MESSAGE_ID) return { messageId: callId };
  const asks = new Set(dispositions.flatMap((token) => ASKED.get(token) ?? []));
  return asks.size === 0 ? { messageId } : { messageId, asks: [...asks] };
}

/** The header of mail, which programs that speak SIP use too. RFC 3834 §5. */
function isAutomatic(request: SipRequest): boolean {
  const submitted = request.fields.get("auto-submitted");
  return submitted !== undefined && !/^no\s*(?:;|$)/i.test(submitted);
}

function optional<K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: string });
}

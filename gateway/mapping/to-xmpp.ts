import xml, { type Element } from "@xmpp/xml";
import { chatMarker, markable } from "../../xmpp/chat-markers.ts";
import { chatState } from "../../xmpp/chat-states.ts";
import { delay } from "../../xmpp/delay.ts";
import { formatJid, type Jid } from "../../xmpp/jid.ts";
import { originId } from "../../xmpp/message-ids.ts";
import { processingHint } from "../../xmpp/processing-hints.ts";
import { receipt, receiptRequest } from "../../xmpp/receipts.ts";
import { sanitizeText } from "../../xmpp/xml-text.ts";
import type { Asked, ChatState, Disposition, InstantMessage } from "./instant-message.ts";

export interface StanzaAddress {
  readonly from: Jid;
  readonly to: Jid;
  readonly id: string;
}

export interface StanzaEnvelope extends StanzaAddress {
  /** When it came in, for an IM that has waited. XEP-0203. */
  readonly delayedSince?: Date;
  /** What its sender does now; left out of an IM that has waited. XEP-0085 §5.1. */
  readonly chatState?: ChatState;
}

/** The conversation that a stanza without a body belongs to. XEP-0085 §5, XEP-0333 0.4 §6. */
export interface InThread {
  readonly thread?: string;
}

/** What a sender wants to be told of -> the element that asks for it; a failure comes unasked, as an error stanza. */
const REQUEST_FOR: Readonly<Record<Asked, (() => Element) | undefined>> = {
  delivered: receiptRequest,
  displayed: markable,
  failed: undefined,
};

/** An outcome -> the element that tells of it; a failure is told by an error stanza. */
const REPORT_OF: Readonly<Record<Asked, ((id: string) => Element) | undefined>> = {
  delivered: receipt,
  displayed: (id) => chatMarker({ mark: "displayed", id }),
  failed: undefined,
};

/**
 * Instant message -> message stanza. RFC 7572 §5 asks for no type or `normal`; `chat` is sent, since clients show
 * `normal` as a letter and servers neither copy it to other devices nor archive it like a conversation.
 */
export function stanzaFromIm(im: InstantMessage, envelope: StanzaEnvelope): Element {
  const { delayedSince, from } = envelope;
  const stanza = emptyMessage(envelope);
  if (im.language !== undefined) stanza.attrs["xml:lang"] = sanitizeText(im.language);
  if (im.subject !== undefined) stanza.append(xml("subject", {}, sanitizeText(im.subject)));
  stanza.append(xml("body", {}, sanitizeText(im.text)));
  appendThread(stanza, im.thread);
  if (envelope.chatState !== undefined && delayedSince === undefined) stanza.append(chatState(envelope.chatState));
  for (const asked of new Set(im.asks)) {
    const request = REQUEST_FOR[asked]?.();
    if (request !== undefined) stanza.append(request);
  }
  stanza.append(originId(sanitizeText(envelope.id)));
  if (delayedSince !== undefined) stanza.append(delay(from.domain, delayedSince));
  return stanza;
}

/**
 * Disposition -> receipt or marker, which the server keeps for somebody who is offline. Undefined for a failure, which
 * an error stanza tells. XEP-0184 §7, XEP-0333 0.4 §6.
 */
export function stanzaFromDisposition(
  { messageId, outcome }: Disposition,
  address: StanzaAddress,
  { thread }: InThread = {},
): Element | undefined {
  const report = REPORT_OF[outcome]?.(sanitizeText(messageId));
  if (report === undefined) return undefined;
  const stanza = emptyMessage(address);
  appendThread(stanza, thread);
  stanza.append(report, processingHint("store"));
  return stanza;
}

/** Chat state -> a message of its own, worth nothing to somebody who is offline. XEP-0085 §5.1. */
export function stanzaFromChatState(state: ChatState, address: StanzaAddress, { thread }: InThread = {}): Element {
  const stanza = emptyMessage(address);
  appendThread(stanza, thread);
  stanza.append(chatState(state), processingHint("no-store"));
  return stanza;
}

function emptyMessage({ from, to, id }: StanzaAddress): Element {
  return xml("message", { type: "chat", from: formatJid(from), to: formatJid(to), id: sanitizeText(id) });
}

function appendThread(stanza: Element, thread: string | undefined): void {
  if (thread !== undefined) stanza.append(xml("thread", {}, sanitizeText(thread)));
}

import xml, { type Element } from "@xmpp/xml";
import { formatJid, type Jid } from "../../xmpp/jid.ts";
import { sanitizeText } from "../../xmpp/xml-text.ts";
import type { InstantMessage } from "./instant-message.ts";

export interface StanzaEnvelope {
  readonly from: Jid;
  readonly to: Jid;
  readonly id: string;
  /** When it came in, for an IM that has waited. XEP-0203. */
  readonly delayedSince?: Date;
}

const DELAY_NAMESPACE = "urn:xmpp:delay";

/**
 * Instant message -> message stanza. RFC 7572 §5 asks for no type or `normal`; `chat` is sent, since clients show
 * `normal` as a letter and servers neither copy it to other devices nor archive it like a conversation.
 */
export function stanzaFromIm(im: InstantMessage, envelope: StanzaEnvelope): Element {
  const attributes: Record<string, string> = {
    type: "chat",
    from: formatJid(envelope.from),
    to: formatJid(envelope.to),
    id: sanitizeText(envelope.id),
  };
  if (im.language !== undefined) attributes["xml:lang"] = sanitizeText(im.language);
  const stanza = xml("message", attributes);
  if (im.subject !== undefined) stanza.append(xml("subject", {}, sanitizeText(im.subject)));
  stanza.append(xml("body", {}, sanitizeText(im.text)));
  if (im.thread !== undefined) stanza.append(xml("thread", {}, sanitizeText(im.thread)));
  const { delayedSince, from } = envelope;
  if (delayedSince !== undefined) {
    stanza.append(xml("delay", { xmlns: DELAY_NAMESPACE, from: from.domain, stamp: delayedSince.toISOString() }));
  }
  return stanza;
}

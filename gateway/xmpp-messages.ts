import { randomUUID } from "node:crypto";
import type { Element } from "@xmpp/xml";
import type { Logger } from "pino";
import { bareOf, formatJid, type Jid, parseJid } from "../xmpp/jid.ts";
import type { Clock } from "./clock.ts";
import type { ConversationTable } from "./conversation/table.ts";
import type { TypingTable } from "./conversation/typing.ts";
import type { Counters } from "./counters.ts";
import type { Delivery } from "./delivery/delivery.ts";
import type { DuplicateStanzas } from "./delivery/duplicates.ts";
import type { AcceptedIm } from "./delivery/journal.ts";
import type { LiveParameters } from "./live-parameters.ts";
import { type ContentFromXmpp, contentFromXmpp } from "./mapping/from-xmpp.ts";
import type { InstantMessage } from "./mapping/instant-message.ts";
import { refusalOfIm } from "./policy/permission.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { Routing } from "./routing.ts";

export interface XmppMessagesOptions {
  readonly isKnown: (aor: string) => boolean;
  readonly routing: Routing;
  readonly parameters: LiveParameters;
  readonly conversations: ConversationTable;
  readonly typing: TypingTable;
  readonly delivery: Delivery;
  readonly duplicates: DuplicateStanzas;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
}

/** A message stanza between two usable addresses. */
interface Incoming {
  readonly stanza: Element;
  readonly from: Jid;
  readonly to: Jid;
}

/** The way of a message stanza through the gateway: who is this, what does it say, may it, then delivery. */
export class XmppMessages {
  readonly #options: XmppMessagesOptions;

  constructor(options: XmppMessagesOptions) {
    this.#options = options;
  }

  /** The dispatch row for message stanzas. RFC 6121 §5. */
  onMessage(stanza: Element): void {
    const from = parseJid(stanza.attrs["from"] ?? "");
    const to = parseJid(stanza.attrs["to"] ?? "");
    if (!from.ok || !to.ok) {
      const { from, to } = stanza.attrs;
      this.#options.log.info({ from, to }, "message with an unusable address dropped");
      return;
    }
    const incoming = { stanza, from: from.value, to: to.value };
    if (stanza.attrs["type"] === "error") this.#onError(incoming);
    else this.#onContent(contentFromXmpp(stanza), incoming);
  }

  /** The dispatch row for presence stanzas, as far as it concerns locks. RFC 6121 §4.5; XEP-0296 §2.3. */
  onPresence(stanza: Element): void {
    const from = parseJid(stanza.attrs["from"] ?? "");
    if (stanza.attrs["type"] !== "unavailable" || !from.ok || from.value.resource === undefined) return;
    this.#options.conversations.onResourceGone(formatJid(from.value));
  }

  /** A stranger may send one to anybody; it concerns only who could have sent the IM that it names. */
  #onError({ stanza, from, to }: Incoming): void {
    const { routing, isKnown, delivery, log } = this.#options;
    const aor = routing.aorOfJid(to);
    if (aor.ok && isKnown(aor.value)) delivery.sipToXmpp.onError(stanza, from, to);
    else log.debug({ from: stanza.attrs["from"], to: stanza.attrs["to"] }, "error to nobody dropped");
  }

  #onContent(content: ContentFromXmpp, incoming: Incoming): void {
    const { im } = content;
    const aor = this.#options.routing.aorOfJid(incoming.to);
    if (im !== undefined && aor.ok && this.#hasBeenHere(im, aor.value, incoming)) return;
    if (aor.ok && this.#options.isKnown(aor.value)) this.#onSigns(content, aor.value, incoming);
    if (im !== undefined) this.#onIm(im, content, incoming);
  }

  #hasBeenHere(im: InstantMessage, aor: string, { from }: Incoming): boolean {
    if (!this.#options.duplicates.seen({ jid: formatJid(from), aor }, im)) return false;
    this.#options.counters.add("im.duplicates");
    this.#options.log.info({ stanzaId: im.id, from: bareOf(from) }, "message that was here before dropped");
    return true;
  }

  /** Typing and receipts: nothing is ever said about them, whatever becomes of them. */
  #onSigns({ im, chatState: said, delayed, dispositions }: ContentFromXmpp, aor: string, { from }: Incoming): void {
    const { typing, conversations, delivery, log, parameters } = this.#options;
    if (refusalOfIm({ bytes: 0, crossing: true }, parameters) !== undefined) return;
    const pair = { aor, jid: bareOf(from) };
    const chatState = delayed ? undefined : said; // who was writing then is not writing now
    if (im !== undefined) typing.onImFromXmpp(pair, chatState);
    else if (chatState !== undefined) typing.onChatStateFromXmpp(pair, chatState);
    if (chatState === "gone") conversations.release(pair, "xmpp", "its user has gone");
    for (const disposition of dispositions) {
      delivery.receipts
        .onDispositionFromXmpp(from, aor, disposition)
        .catch((error: unknown) => log.error({ err: error, aor }, "receipt not passed on"));
    }
  }

  #onIm(im: InstantMessage, { encrypted }: ContentFromXmpp, { stanza, from, to }: Incoming): void {
    const { routing, conversations, delivery, clock } = this.#options;
    const aor = routing.aorOfJid(to);
    const callId = randomUUID();
    const accepted: AcceptedIm = {
      im: { ...im, messageId: callId }, // as phones will call it; the sender's own id is the stanza's
      aor: aor.ok ? aor.value : to.domain,
      jid: formatJid(from),
      stanzaId: im.id,
      callId,
      acceptedAt: clock.now(),
    };
    const forRoom = stanza.attrs["type"] === "groupchat";
    const refused = aor.ok ? this.#refusalOf(accepted, forRoom) : refusal("not-served", aor.why);
    if (refused !== undefined) {
      delivery.xmppToSip.refuse(accepted, refused);
      return;
    }
    const heard = {
      ...(im.thread === undefined ? {} : { thread: im.thread }),
      ...(from.resource === undefined ? {} : { xmppFull: accepted.jid }),
    };
    const conversation = conversations.touch({ aor: accepted.aor, jid: bareOf(from) }, "xmpp", heard);
    // The recipient reads that something came which cannot be read, and the sender that it was not.
    if (encrypted) delivery.xmppToSip.refuse(accepted, refusal("encrypted"));
    delivery.xmppToSip.deliver(encrypted ? asNotice(accepted) : accepted, conversation.id);
  }

  #refusalOf({ im, aor }: AcceptedIm, forRoom: boolean): Refusal | undefined {
    if (forRoom) return refusal("no-room");
    const bytes = Buffer.byteLength(im.text, "utf8") + Buffer.byteLength(im.subject ?? "", "utf8");
    const refused = refusalOfIm({ bytes, crossing: true }, this.#options.parameters);
    return refused ?? (this.#options.isKnown(aor) ? undefined : refusal("unknown-user"));
  }
}

/** In the place of what could not be read: its delivery confirms nothing, and its failure has been told. */
function asNotice({ im, ...rest }: AcceptedIm): AcceptedIm {
  const { asks: _unread, ...notice } = im;
  return { ...rest, im: { ...notice, automatic: true } };
}

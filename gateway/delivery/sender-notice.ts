import xml, { type Element } from "@xmpp/xml";
import type { Logger } from "pino";
import { formatJid, type Jid, parseJid } from "../../xmpp/jid.ts";
import type { XmppLink } from "../../xmpp/link/link.ts";
import { errorReply, type StanzaErrorDetails } from "../../xmpp/stanza-error.ts";
import type { Clock } from "../clock.ts";
import { pairOf } from "../conversation/pair.ts";
import { aorFromJid, type DomainMap, jidFromAor, sipFromAor, sipFromJid } from "../mapping/address.ts";
import { type SipFailure, stanzaErrorFromSip } from "../mapping/error.ts";
import type { Refusal } from "../refusal.ts";
import type { DuplicateStanzas } from "./duplicates.ts";
import type { Failure } from "./failure-teller.ts";
import type { AcceptedIm, Direction } from "./journal.ts";
import { sendUntilTaken } from "./send-until-taken.ts";

/** Why an IM failed: `why` for people, the rest for an XMPP client. */
export interface FailedBecause extends StanzaErrorDetails {
  readonly why: string;
}

export interface SenderNoticeOptions {
  readonly linkOf: (domain: string) => XmppLink | undefined;
  readonly tellSipUser: (failure: Failure) => void;
  readonly isSipUser: (jid: Jid) => boolean;
  /** What an XMPP sender is told has failed may be sent again under its old id. */
  readonly duplicates: DuplicateStanzas;
  readonly clock: Clock;
  readonly log: Logger;
  readonly domains: DomainMap;
  readonly failureText: (detail: string) => string;
  /** The same in words for a person on the XMPP side: `aor` is the bare JID, `peer` the JID of the SIP user. */
  readonly tellPerson: (failure: Failure) => void;
}

/**
 * The client that sent it may have gone since, and a server drops an error to a resource that is not there (RFC 6121
 * §8.5.3.2.3): the person is told in words as well.
 */
const LATE_AFTER_MS = 600_000;

/** For a peer whose address SIP cannot say. RFC 3261 §20.10 has nothing better. */
const UNKNOWN_PEER = "sip:anonymous@anonymous.invalid";

/** Tells the sender of an accepted IM that it failed: by an error stanza, or by a MESSAGE from its recipient's address. */
export class SenderNotice {
  readonly #options: SenderNoticeOptions;

  constructor(options: SenderNoticeOptions) {
    this.#options = options;
  }

  /** `told` is called once the sender, or the sender's server, has it; never when there is no way to tell. */
  failed(direction: Direction, accepted: AcceptedIm, { because, told }: Notice): void {
    if (accepted.im.automatic) {
      this.#options.log.info({ callId: accepted.callId }, "failure of an automatic message told to nobody");
      told();
      return;
    }
    const jid = parseJid(accepted.jid);
    if (direction === "to-xmpp")
      this.#tellSip(accepted.aor, sipOf(jid, this.#options.domains), accepted, { because, told });
    else if (jid.ok && this.#options.isSipUser(jid.value)) this.#tellSipAbout(jid.value, accepted, { because, told });
    else this.#tellXmpp(accepted, { because, told });
  }

  /** Between two SIP users. */
  #tellSipAbout(sender: Jid, accepted: AcceptedIm, notice: Notice): void {
    const aor = aorFromJid(sender, this.#options.domains);
    if (aor.ok) this.#tellSip(aor.value, sipFromAor(accepted.aor), accepted, notice);
  }

  #tellSip(aor: string, peer: string, { im }: AcceptedIm, { because, told }: Notice): void {
    const at = new Date(this.#options.clock.now());
    this.#options.tellSipUser({ aor, peer, reason: because.why, quote: im.text, settled: told, at });
  }

  #tellXmpp(accepted: AcceptedIm, { because, told }: Notice): void {
    const { why, ...details } = because;
    this.#options.duplicates.forget(accepted, { ...accepted.im, id: accepted.stanzaId });
    const us = jidFromAor(accepted.aor, this.#options.domains);
    const link = us.ok ? this.#options.linkOf(us.value.domain) : undefined;
    const original = us.ok ? originalOf(accepted, formatJid(us.value)) : undefined;
    const stanza = original && errorReply(original, { ...details, text: this.#options.failureText(why) });
    if (link === undefined || stanza === undefined) {
      const { aor, jid } = accepted;
      this.#options.log.error({ aor, jid }, "no XMPP component to tell the sender of a failed message");
      return;
    }
    const { clock, tellPerson } = this.#options;
    if (clock.now() - accepted.acceptedAt <= LATE_AFTER_MS || !us.ok) {
      sendUntilTaken(stanza, { link, clock, done: told });
      return;
    }
    link.send(stanza);
    const { jid: person } = pairOf(accepted);
    const at = new Date(clock.now());
    tellPerson({ aor: person, peer: formatJid(us.value), reason: why, quote: accepted.im.text, settled: told, at });
  }
}

interface Notice {
  readonly because: FailedBecause;
  readonly told: () => void;
}

/** What a refusal of our own says to a sender. */
export function becauseOfRefusal({ condition, type, text }: Refusal): FailedBecause {
  return { condition, why: text, ...(type === undefined ? {} : { type }) };
}

/** What the answer of a phone says to a sender. RFC 7247 §7. */
export function becauseOfSip(failure: SipFailure, domains: DomainMap): FailedBecause {
  return { ...stanzaErrorFromSip(failure, domains), why: `(SIP ${failure.status} ${failure.reason})` };
}

function sipOf(jid: ReturnType<typeof parseJid>, domains: DomainMap): string {
  const sip = jid.ok ? sipFromJid(jid.value, domains) : jid;
  return sip.ok ? sip.value : UNKNOWN_PEER;
}

function originalOf(accepted: AcceptedIm, to: string): Element {
  const id = accepted.stanzaId === undefined ? {} : { id: accepted.stanzaId };
  return xml("message", { type: "chat", from: accepted.jid, to, ...id });
}

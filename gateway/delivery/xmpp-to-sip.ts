import xml, { type Element } from "@xmpp/xml";
import type { Logger } from "pino";
import type { SipEngine } from "../../sip/engine.ts";
import { formatJid, parseJid } from "../../xmpp/jid.ts";
import type { XmppLink } from "../../xmpp/link/link.ts";
import { errorReply, type StanzaErrorDetails } from "../../xmpp/stanza-error.ts";
import type { Clock } from "../clock.ts";
import type { Counters } from "../counters.ts";
import { type DomainMap, jidFromAor, sipFromAor, sipFromJid } from "../mapping/address.ts";
import { type SipFailure, stanzaErrorFromSip } from "../mapping/error.ts";
import { type MessageRequest, messageFromIm } from "../mapping/to-sip.ts";
import { type Refusal, refusal } from "../refusal.ts";
import type { Registrations } from "../registrations.ts";
import { forkToBindings } from "./fork.ts";
import type { AcceptedIm, Journal, JournalRow } from "./journal.ts";
import { Lanes } from "./lanes.ts";

export interface XmppToSipOptions {
  readonly engine: SipEngine;
  readonly linkOf: (domain: string) => XmppLink | undefined;
  readonly registrations: Registrations;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  readonly domains: DomainMap;
  readonly failureText: (detail: string) => string;
}

/** Timer F. RFC 3261 §17.1.2.2. */
const LONGEST_MS = 32_000;

/** A phone that kept the IM before this one waiting for all that time gets one more chance, not 32 s for each IM. */
const LEAST_MS = 2_000;

/**
 * Delivery of IMs from XMPP to SIP. A stanza is ours on arrival: its row is written with the commit of this event-loop
 * turn, beside the first attempt. IMs of one conversation go one after the other.
 */
export class XmppToSip {
  readonly #options: XmppToSipOptions;
  readonly #lanes = new Lanes();
  #held = false;

  constructor(options: XmppToSipOptions) {
    this.#options = options;
  }

  get underWay(): number {
    return this.#lanes.busy;
  }

  deliver(accepted: AcceptedIm, conversation: string): void {
    const { journal, counters, log } = this.#options;
    if (journal.full) {
      counters.add("journal.limit-hit");
      this.refuse(accepted, refusal("overloaded"));
      return;
    }
    const { row, written } = journal.accept("to-sip", conversation, accepted);
    written.catch((error: unknown) =>
      log.error({ err: error, row: row.id }, "message not journaled; it is being sent"),
    );
    this.resume(row);
  }

  /** Sends what has a row, of this run or of the last. */
  resume(row: JournalRow): void {
    const since = this.#options.clock.now();
    if (this.#lanes.enter(laneOf(row.accepted), () => this.#attempt(row, since))) return;
    this.#options.counters.add("queue.limit-hit");
    this.refuse(row.accepted, refusal("overloaded"), row);
  }

  /** Tells an XMPP sender that its IM goes no further. */
  refuse(accepted: AcceptedIm, why: Refusal, row?: JournalRow): void {
    this.#options.counters.add("im.refused");
    this.#options.log.info({ stanzaId: accepted.stanzaId, refusal: why.code }, "message refused");
    this.#tell(accepted, { condition: why.condition, text: this.#options.failureText(why.text) }, row);
  }

  /** Begins nothing more: what waits stays in the journal for the next start. Resolves when nothing is under way. */
  hold(): Promise<void> {
    this.#held = true;
    return this.#lanes.whenIdle();
  }

  async #attempt(row: JournalRow, since: number): Promise<void> {
    if (this.#held) return;
    const { engine, registrations, counters, log } = this.#options;
    const { accepted } = row;
    const bindings = registrations.bindingsOf(accepted.aor);
    const message = this.#message(accepted);
    if (message === undefined || bindings.length === 0) {
      this.refuse(accepted, refusal(message === undefined ? "bad-address" : "not-registered"), row);
      return;
    }
    const timeoutMs = Math.max(LEAST_MS, LONGEST_MS - (this.#options.clock.now() - since));
    const outcome = await forkToBindings(engine, bindings, { ...message, timeoutMs });
    if (!outcome.delivered) {
      this.#onFailed(row, outcome.failure);
      return;
    }
    counters.add("im.to-sip.delivered");
    log.info({ ...factsOf(row), contact: outcome.contact }, "message relayed to SIP");
    this.#settle(row);
  }

  #message(accepted: AcceptedIm): MessageRequest | undefined {
    const peer = parseJid(accepted.jid);
    const from = peer.ok ? sipFromJid(peer.value, this.#options.domains) : peer;
    if (!from.ok) return undefined;
    const to = sipFromAor(accepted.aor);
    return messageFromIm(accepted.im, {
      from: from.value,
      to,
      callId: accepted.callId,
      date: new Date(accepted.acceptedAt),
    });
  }

  #onFailed(row: JournalRow, failure: SipFailure): void {
    if (this.#held) return; // our own stop looks like a failure; the row is sent again at the next start
    this.#options.counters.add("im.to-sip.failed");
    this.#options.log.info(
      { ...factsOf(row), status: failure.status, cause: failure.cause },
      "message not delivered to SIP",
    );
    const text = this.#options.failureText(`(SIP ${failure.status} ${failure.reason})`);
    this.#tell(row.accepted, { ...stanzaErrorFromSip(failure, this.#options.domains), text }, row);
  }

  /** The error stanza; the row goes when the XMPP server has it. */
  #tell(accepted: AcceptedIm, told: StanzaErrorDetails, row: JournalRow | undefined): void {
    const us = jidFromAor(accepted.aor, this.#options.domains);
    const link = us.ok ? this.#options.linkOf(us.value.domain) : undefined;
    const failed = us.ok ? errorReply(originalOf(accepted, formatJid(us.value)), told) : undefined;
    if (link === undefined || failed === undefined) {
      const { aor, jid } = accepted;
      this.#options.log.error({ row: row?.id, aor, jid }, "no XMPP component to tell the sender of a failed message");
      return;
    }
    link.send(failed, {
      settled: (handover) => {
        if (handover.outcome !== "cancelled" && row !== undefined) this.#settle(row);
      },
    });
  }

  #settle(row: JournalRow): void {
    this.#options.journal.settle(row);
  }
}

/** Of the pair and not of its conversation, whose id may be another one after a crash. */
function laneOf({ aor, jid }: AcceptedIm): string {
  const slash = jid.indexOf("/");
  return `${aor} ${slash < 0 ? jid : jid.slice(0, slash)}`;
}

function originalOf(accepted: AcceptedIm, to: string): Element {
  const id = accepted.stanzaId === undefined ? {} : { id: accepted.stanzaId };
  return xml("message", { type: "chat", from: accepted.jid, to, ...id });
}

function factsOf(row: JournalRow): Record<string, string | undefined> {
  return { callId: row.accepted.callId, stanzaId: row.accepted.stanzaId, conversation: row.conversation, row: row.id };
}

import type { Element } from "@xmpp/xml";
import type { Logger } from "pino";
import type { Responder } from "../../sip/engine.ts";
import type { HeaderField } from "../../sip/header-fields.ts";
import { latin1FromUtf8 } from "../../sip/text.ts";
import { bareOf, type Jid, parseJid } from "../../xmpp/jid.ts";
import type { Handover, XmppLink } from "../../xmpp/link/link.ts";
import { parseStanzaError, type StanzaError } from "../../xmpp/stanza-error.ts";
import type { Clock } from "../clock.ts";
import { pairOf } from "../conversation/pair.ts";
import type { ConversationTable } from "../conversation/table.ts";
import type { Counters } from "../counters.ts";
import { aorFromJid, type DomainMap, jidFromAor } from "../mapping/address.ts";
import { type SipFailure, sipFailureFromStanzaError } from "../mapping/error.ts";
import type { ChatState } from "../mapping/instant-message.ts";
import { stanzaFromIm } from "../mapping/to-xmpp.ts";
import { refusal } from "../refusal.ts";
import { type InFlight, keyOf, NOT_QUEUED, type Origin } from "./in-flight.ts";
import type { AcceptedIm, Journal, JournalRow } from "./journal.ts";
import type { Receipts } from "./receipts.ts";
import { RecentDeliveries } from "./recent-deliveries.ts";
import type { SenderNotice } from "./sender-notice.ts";
import type { SetAside } from "./set-aside.ts";

/** A full disk has room again when somebody has made some. */
const DISK_AGAIN_MS = 10_000;

/** A MESSAGE that the XMPP server has not processed by now is journaled and answered 202. */
const ANSWER_WITHIN_MS = 400;

export interface SipToXmppOptions {
  readonly linkOf: (domain: string) => XmppLink | undefined;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  readonly domains: DomainMap;
  readonly failureText: (detail: string) => string;
  readonly conversations: ConversationTable;
  readonly receipts: Receipts;
  readonly notice: SenderNotice;
  readonly setAside: SetAside;
  /** What an IM says of its sender's typing, where that is understood. XEP-0085 §5.1. */
  readonly chatStateWith: (accepted: AcceptedIm) => ChatState | undefined;
}

/**
 * Delivery of IMs from SIP to XMPP. The final SIP answer is held until the XMPP server has processed the stanza: 200, the
 * mapped error, or 202 once the IM is on disk because that takes too long.
 */
export class SipToXmpp {
  readonly #options: SipToXmppOptions;
  readonly #inFlight = new Map<string, InFlight>();
  readonly #recent = new RecentDeliveries();
  readonly #givenUp = new Set<string>(); // ids of rows that failed, which the disk does not say yet; all are open
  #held = false;

  constructor(options: SipToXmppOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  deliver(accepted: AcceptedIm, conversation: string, responder: Responder): void {
    const flight = this.#launch(accepted, conversation, { responder });
    if (flight === undefined) return;
    if (flight.link.status().state === "online") {
      flight.cancelTimer = this.#options.clock.after(ANSWER_WITHIN_MS, () => this.#acceptWithoutHandover(flight));
    } else {
      this.#acceptWithoutHandover(flight);
    }
  }

  /** What fails from now on is told at the next start: the way to the phones is being closed. */
  hold(): void {
    this.#held = true;
  }

  /** Goes on with what has a row that is not at rest. */
  resume(row: JournalRow): void {
    if (row.state === "failed") this.#tell(row, row.problem ?? refusal("not-carried").text);
    else this.#launch(row.accepted, row.conversation, { row });
  }

  /** Whether the row waits for the link or its barrier, or for the disk to say that it failed. */
  holds(id: string): boolean {
    return this.#flightOf(id) !== undefined || this.#givenUp.has(id);
  }

  isUnderWay(id: string): boolean {
    return this.#flightOf(id)?.link.status().state === "online";
  }

  /** An operator takes back what waits for its link; false when it may have been written. */
  takeBack(id: string): boolean {
    return this.#flightOf(id)?.queued.cancel() ?? false;
  }

  /** An operator takes away what no component carries: its sender is told. */
  drop(row: JournalRow): void {
    const { text } = refusal("dropped");
    this.#fail(row, text);
  }

  #flightOf(id: string): InFlight | undefined {
    for (const flight of this.#inFlight.values()) if (flight.row?.id === id) return flight;
    return undefined;
  }

  /** An error stanza from the XMPP side: about an IM under way, or, later, about one that was already answered. */
  onError(stanza: Element, from: Jid, to: Jid): void {
    const error = parseStanzaError(stanza);
    if (error === undefined) return;
    const aor = aorFromJid(to, this.#options.domains);
    const key = keyOf({ id: stanza.attrs["id"], aor: aor.ok ? aor.value : "", bareJid: bareOf(from) });
    const flight = this.#inFlight.get(key);
    if (flight !== undefined) flight.error = error;
    else this.#onLateError(key, error);
  }

  #launch(accepted: AcceptedIm, conversation: string, origin: Origin): InFlight | undefined {
    const to = parseJid(accepted.jid);
    const from = jidFromAor(accepted.aor, this.#options.domains);
    const link = from.ok ? this.#options.linkOf(from.value.domain) : undefined;
    if (!to.ok || !from.ok || link === undefined) {
      this.#onNoWay(accepted, origin);
      return undefined;
    }
    const pair = { aor: accepted.aor, bareJid: bareOf(to.value) };
    const id = this.#freeId(accepted.stanzaId ?? accepted.callId, pair);
    const flight: InFlight = {
      accepted,
      link,
      conversation,
      key: keyOf({ id, ...pair }),
      responder: origin.responder,
      row: origin.row,
      error: undefined,
      poison: undefined,
      takenBackFor: "stopping",
      cancelTimer: () => {},
      queued: NOT_QUEUED,
    };
    this.#inFlight.set(flight.key, flight);
    const waits = origin.row !== undefined || link.status().state !== "online";
    const delayed = waits ? { delayedSince: new Date(accepted.acceptedAt) } : {};
    const chatState = this.#options.chatStateWith(accepted);
    const envelope = { from: from.value, to: to.value, id, ...delayed, ...(chatState && { chatState }) };
    const stanza = stanzaFromIm(accepted.im, envelope);
    this.#options.receipts.expectFromXmpp(accepted, id);
    flight.queued = link.send(stanza, { settled: (handover) => this.#onSettled(flight, handover) });
    return flight;
  }

  /** A row of a component that is no longer configured stays, for the administrator to put it back. */
  #onNoWay({ jid, aor }: AcceptedIm, { responder, row }: Origin): void {
    responder?.respond(404, { reason: refusal("not-served").text });
    this.#options.log.error({ row: row?.id, aor, jid }, "no XMPP component for this message: it waits in the journal");
  }

  /** Phones choose the branch that becomes the id; two under way must not be taken for one. */
  #freeId(wanted: string, pair: { readonly aor: string; readonly bareJid: string }): string {
    let id = wanted;
    for (let n = 2; this.#inFlight.has(keyOf({ id, ...pair })); n += 1) id = `${wanted}-${n}`;
    return id;
  }

  /** Puts the IM on disk and answers 202, unless the truth is known before that. */
  #acceptWithoutHandover(flight: InFlight): void {
    const { journal, counters } = this.#options;
    if (journal.full) {
      counters.add("journal.limit-hit");
      flight.takenBackFor = "overloaded";
      flight.queued.cancel(); // tells the sender; once it is written the answer waits for the barrier
      return;
    }
    const { row, written } = journal.accept("to-xmpp", flight.conversation, flight.accepted);
    flight.row = row;
    written.then(
      () => {
        if (flight.responder === undefined || flight.responder.answered) return;
        counters.add("im.to-xmpp.accepted");
        this.#log(flight, 202, "message accepted, not yet handed over");
        flight.responder.respond(202);
        flight.responder = undefined;
      },
      (error: unknown) => {
        const { log } = this.#options;
        log.error({ err: error, ...this.#facts(flight) }, "message not journaled; its sender keeps waiting");
        flight.row = undefined;
        if (flight.link.status().state === "online") return; // the barrier will tell
        flight.takenBackFor = "not-journaled";
        flight.queued.cancel();
      },
    );
  }

  #onSettled(flight: InFlight, handover: Handover): void {
    flight.cancelTimer();
    this.#inFlight.delete(flight.key);
    if (handover.outcome === "cancelled") this.#onCancelled(flight);
    else if (handover.outcome === "refused") this.#onRefused(flight, handover);
    else if (flight.error !== undefined) this.#onFailed(flight, this.#failureFrom(flight.accepted.jid, flight.error));
    else this.#onDelivered(flight);
  }

  /** The link stops with us, or the journal is full. What is in the journal is sent at the next start, others are told. */
  #onCancelled(flight: InFlight): void {
    if (flight.responder === undefined) return;
    const { sip, text, retryAfterSeconds } = refusal(flight.takenBackFor);
    const headers: HeaderField[] = retryAfterSeconds === undefined ? [] : [["Retry-After", String(retryAfterSeconds)]];
    flight.responder.respond(sip.status, { reason: latin1FromUtf8(text), headers });
    this.#settle(flight);
  }

  #onRefused(flight: InFlight, { why, busy }: Extract<Handover, { outcome: "refused" }>): void {
    const refused = busy ? refusal("overloaded") : refusal("not-carried", why);
    if (!busy) flight.poison = why;
    this.#onFailed(flight, refused.sip, refused.retryAfterSeconds);
  }

  #onDelivered(flight: InFlight): void {
    this.#options.counters.add("im.to-xmpp.delivered");
    this.#log(flight, 200, "message relayed to XMPP");
    flight.responder?.respond(200);
    this.#recent.add(flight.key, flight.accepted);
    this.#settle(flight);
  }

  #onFailed(flight: InFlight, failure: SipFailure, retryAfterSeconds?: number): void {
    const { counters, conversations, setAside } = this.#options;
    counters.add("im.to-xmpp.failed");
    this.#log(flight, failure.status, "message not delivered to XMPP");
    conversations.release(pairOf(flight.accepted), "xmpp", "an error came back");
    const text = this.#options.failureText(failure.reason);
    if (flight.responder !== undefined) {
      const headers: HeaderField[] = [];
      if (failure.contact !== undefined) headers.push(["Contact", failure.contact]);
      if (retryAfterSeconds !== undefined) headers.push(["Retry-After", String(retryAfterSeconds)]);
      const answer = headers.length === 0 ? {} : { headers };
      flight.responder.respond(failure.status, { reason: latin1FromUtf8(text), ...answer });
      this.#settle(flight);
      if (flight.poison !== undefined) setAside.add(flight.conversation, flight.accepted, flight.poison);
      return;
    }
    if (!this.#held && flight.row !== undefined) this.#fail(flight.row, failure.reason, flight.poison);
  }

  /** On disk as failed before its sender is told, so that no restart delivers what was said to have failed. */
  #fail(row: JournalRow, why: string, poison?: string): void {
    const { journal, clock } = this.#options;
    this.#givenUp.add(row.id);
    const { row: failed, written } = journal.move(row, "failed", why);
    written.then(
      () => {
        this.#givenUp.delete(row.id);
        this.#tell(failed, why, poison);
      },
      () => clock.after(DISK_AGAIN_MS, () => this.#fail(row, why, poison)),
    );
  }

  /** The row stays until the sender has been told, and longer when an operator should look at it. */
  #tell(row: JournalRow, why: string, poison?: string): void {
    const { notice, receipts, setAside, journal } = this.#options;
    const told = () => (poison === undefined ? journal.settle(row) : setAside.put(row, poison));
    if (row.senderTold) {
      told();
      return;
    }
    receipts.failed(row.accepted);
    notice.failed("to-xmpp", row.accepted, { because: { condition: "undefined-condition", why }, told });
  }

  /** A remote server's error can come long after the barrier. */
  #onLateError(key: string, error: StanzaError): void {
    const { journal, counters, conversations, log } = this.#options;
    const delivered = this.#recent.take(key);
    log.info({ callId: delivered?.callId, condition: error.condition }, "late error for a message");
    if (delivered === undefined) return;
    counters.add("im.to-xmpp.failed");
    const { reason } = this.#failureFrom(delivered.jid, error);
    conversations.release(pairOf(delivered), "xmpp", "an error came back");
    const conversation = conversations.of(pairOf(delivered))?.id ?? "";
    const { row, written } = journal.accept("to-xmpp", conversation, delivered, { state: "failed", problem: reason });
    const tell = () => this.#tell(row, reason);
    written.then(tell, (cause: unknown) => {
      log.error({ err: cause, row: row.id }, "late failure not journaled");
      tell();
    });
  }

  #failureFrom(jid: string, error: StanzaError): SipFailure {
    return sipFailureFromStanzaError(error, { hasResource: jid.includes("/"), domains: this.#options.domains });
  }

  /** The sender knows the outcome; a row that is still being written goes as well. */
  #settle(flight: InFlight): void {
    if (flight.row === undefined) return;
    this.#options.journal.settle(flight.row);
  }

  #log(flight: InFlight, status: number, event: string): void {
    this.#options.log.info({ ...this.#facts(flight), status }, event);
  }

  #facts(flight: InFlight): Record<string, string | undefined> {
    const { callId, stanzaId } = flight.accepted;
    return { callId, stanzaId, conversation: flight.conversation };
  }
}

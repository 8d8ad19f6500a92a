import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import { keyOfPair, pairOf } from "../conversation/pair.ts";
import type { Counters } from "../counters.ts";
import type { LiveParameters } from "../live-parameters.ts";
import type { DomainMap } from "../mapping/address.ts";
import type { SipFailure } from "../mapping/error.ts";
import { type Refusal, refusal } from "../refusal.ts";
import { fateOf } from "./fate.ts";
import type { AcceptedIm, Journal, JournalRow } from "./journal.ts";
import { Lanes } from "./lanes.ts";
import { OfflineStore } from "./offline-store.ts";
import type { Receipts } from "./receipts.ts";
import { becauseOfRefusal, becauseOfSip, type FailedBecause, type SenderNotice } from "./sender-notice.ts";
import type { SetAside } from "./set-aside.ts";
import type { AtPhone, ToPhones } from "./to-phones.ts";

export interface XmppToSipOptions {
  readonly toPhones: ToPhones;
  readonly hasPhone: (aor: string) => boolean;
  readonly isKnown: (aor: string) => boolean;
  readonly crosses: (row: JournalRow) => boolean; // not between two SIP users
  readonly receipts: Receipts;
  readonly notice: SenderNotice;
  readonly setAside: SetAside;
  readonly journal: Journal;
  readonly parameters: LiveParameters;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  readonly domains: DomainMap;
}

/** Timer F. RFC 3261 §17.1.2.2. */
const LONGEST_MS = 32_000;

/** A phone that kept the IM before this one waiting for all that time gets one more chance, not 32 s for each IM. */
const LEAST_MS = 2_000;

/** A full disk has room again when somebody has made some. */
const DISK_AGAIN_MS = 10_000;

/** An IM on its way, and whether its row has reached the disk. */
interface Sending {
  readonly row: JournalRow;
  readonly onDisk: Promise<boolean>;
  readonly since: number;
}

/**
 * Delivery of IMs to SIP users. A stanza is ours on arrival: its row is written with the commit of this event-loop turn,
 * beside the first attempt. IMs of one conversation go one after the other; those for whom nobody answers wait.
 */
export class XmppToSip {
  readonly offline: OfflineStore;
  readonly #options: XmppToSipOptions;
  readonly #lanes = new Lanes();
  readonly #underWay = new Set<string>();
  #held = false;

  constructor(options: XmppToSipOptions) {
    this.#options = options;
    this.offline = new OfflineStore({
      ...options,
      attempt: (row) => this.#attemptStored(row),
      expired: (row) => this.#fail(row, becauseOfRefusal(refusal("expired")), "expired"),
    });
  }

  /** Conversations with an IM under way. */
  get underWay(): number {
    return this.#lanes.busy + this.offline.beingServed;
  }

  isUnderWay(id: string): boolean {
    return this.#underWay.has(id) || this.offline.isUnderWay(id);
  }

  deliver(accepted: AcceptedIm, conversation: string): void {
    const { journal, counters, log } = this.#options;
    if (journal.full) {
      counters.add("journal.limit-hit");
      this.refuse(accepted, refusal("overloaded"));
      return;
    }
    const waits = !this.#lanes.has(laneOf(accepted)) && this.offline.mustWait(accepted.aor);
    const refused = waits ? this.offline.refusalFor(accepted.aor) : undefined;
    if (refused !== undefined) {
      this.refuse(accepted, refused);
      return;
    }
    if (waits) {
      void this.#storeOrRefuse(accepted, conversation);
      return;
    }
    const { row, written } = journal.accept("to-sip", conversation, accepted);
    const onDisk = written.then(
      () => true,
      (error: unknown) => {
        log.error({ err: error, row: row.id }, "message not journaled");
        return false;
      },
    );
    this.#enter({ row, onDisk, since: this.#options.clock.now() });
  }

  /** Stores an IM that has to wait, and may. Resolves when it is on disk; false when it is not, and nobody has it. */
  async store(accepted: AcceptedIm, conversation: string): Promise<boolean> {
    const { journal, log } = this.#options;
    const { row, written } = journal.accept("to-sip", conversation, accepted, { state: "stored" });
    this.offline.add(row);
    try {
      await written;
    } catch (error) {
      this.offline.takeAway(row);
      log.error({ err: error, row: row.id }, "message not journaled");
      return false;
    }
    log.info({ ...factsOf(row), waiting: this.offline.stored }, "message waits for its recipient");
    return true;
  }

  /** Goes on with what has a row that is not at rest. */
  resume(row: JournalRow): void {
    if (row.state === "confirmed") this.#owe(row);
    else if (row.state === "failed" || row.state === "expired") this.#tell(row, this.#becauseOfLastRun(row));
    else this.#enter({ row, onDisk: Promise.resolve(true), since: this.#options.clock.now() });
  }

  /** Tells a sender that an IM goes no further; it has no row. */
  refuse(accepted: AcceptedIm, why: Refusal): void {
    this.#options.counters.add("im.refused");
    this.#options.log.info({ stanzaId: accepted.stanzaId, refusal: why.code }, "message refused");
    this.#options.notice.failed("to-sip", accepted, { because: becauseOfRefusal(why), told: () => {} });
  }

  /** An operator takes a message that waits out of the store: its sender is told. */
  drop(row: JournalRow, why: Refusal = refusal("dropped")): void {
    this.offline.takeAway(row);
    this.#fail(row, becauseOfRefusal(why));
  }

  /** Begins nothing more: what waits stays in the journal for the next start. Resolves when nothing is under way. */
  async hold(): Promise<void> {
    this.#held = true;
    await Promise.all([this.offline.hold(), this.#lanes.whenIdle()]);
  }

  async #storeOrRefuse(accepted: AcceptedIm, conversation: string): Promise<void> {
    if (!(await this.store(accepted, conversation))) this.refuse(accepted, refusal("not-kept"));
  }

  #enter(sending: Sending): void {
    if (this.#lanes.enter(laneOf(sending.row.accepted), () => this.#attempt(sending))) return;
    this.#options.counters.add("queue.limit-hit");
    this.#fail(sending.row, becauseOfRefusal(refusal("overloaded")));
  }

  async #attempt(sending: Sending): Promise<void> {
    const { row } = sending;
    if (this.#held) return;
    if (this.offline.mustWait(row.accepted.aor)) return this.#keep(sending);
    const waitMs = Math.max(LEAST_MS, LONGEST_MS - (this.#options.clock.now() - sending.since));
    this.#underWay.add(row.id);
    const outcome = await this.#options.toPhones.send(row.accepted, waitMs);
    this.#underWay.delete(row.id);
    if (outcome?.delivered) this.#onDelivered(row, outcome.at);
    else if (this.#held)
      return; // our own stop looks like a failure; the row is sent again at the next start
    else if (outcome === undefined) this.#fail(row, becauseOfRefusal(refusal("bad-address")));
    else if (fateOf(outcome.failure.status) === "unreachable") await this.#keep(sending, outcome.failure);
    else this.#onFailed(row, outcome.failure);
  }

  /** True when it is done with, one way or the other. */
  async #attemptStored(row: JournalRow): Promise<boolean> {
    const outcome = await this.#options.toPhones.send(row.accepted, LONGEST_MS);
    if (outcome?.delivered) this.#onDelivered(row, outcome.at);
    else if (this.#held) return false;
    else if (outcome === undefined) this.#fail(row, becauseOfRefusal(refusal("bad-address")));
    else if (!this.#options.isKnown(row.accepted.aor)) this.#fail(row, becauseOfRefusal(refusal("unknown-user")));
    else if (fateOf(outcome.failure.status) === "unreachable") return false;
    else this.#onFailed(row, outcome.failure);
    return true;
  }

  /** Nobody answers for the user: the IM waits, unless it may not. */
  async #keep({ row, onDisk }: Sending, failure?: SipFailure): Promise<void> {
    const { log, domains, setAside } = this.#options;
    if (row.senderTold) {
      setAside.put(row, failure === undefined ? "no phone is registered" : `SIP ${failure.status} ${failure.reason}`);
      return;
    }
    const { aor } = row.accepted;
    const refused = this.#options.isKnown(aor) ? this.offline.refusalFor(aor) : refusal("unknown-user");
    if (refused !== undefined) {
      this.#fail(row, failure === undefined ? becauseOfRefusal(refused) : becauseOfSip(failure, domains));
      return;
    }
    if (!(await onDisk)) {
      this.#tell(row, becauseOfRefusal(refusal("not-kept"))); // there is no row that a restart could take up
      return;
    }
    if (!(await this.#moveToStore(row, failure))) {
      this.#fail(row, becauseOfRefusal(refusal("not-kept")));
      return;
    }
    const { stored: waiting } = this.offline;
    log.info({ ...factsOf(row), status: failure?.status, waiting }, "message waits for its recipient");
  }

  async #moveToStore(row: JournalRow, failure: SipFailure | undefined): Promise<boolean> {
    const problem = failure === undefined ? undefined : `SIP ${failure.status} ${failure.reason}`;
    this.offline.add(row);
    try {
      await this.#options.journal.move(row, "stored", problem).written;
      return true;
    } catch {
      this.offline.takeAway(row);
      return false;
    }
  }

  #onDelivered(row: JournalRow, { contact, confirmed }: AtPhone): void {
    this.#options.counters.add("im.to-sip.delivered");
    this.#options.log.info({ ...factsOf(row), contact }, "message relayed to SIP");
    if (confirmed === "now" && row.accepted.im.asks?.includes("delivered")) this.#owe(row);
    else this.#options.journal.settle(row);
  }

  /** The IM is where it should be; the row goes when the XMPP server has the receipt. */
  #owe(row: JournalRow): void {
    const { journal, receipts, log } = this.#options;
    if (row.state !== "confirmed" && !receipts.canTell(row.accepted)) journal.move(row, "confirmed");
    receipts.delivered(row.accepted).then(
      () => journal.settle(row),
      (error: unknown) => log.error({ err: error, row: row.id }, "receipt not sent"),
    );
  }

  #onFailed(row: JournalRow, failure: SipFailure): void {
    const { status, reason, cause } = failure;
    this.#options.log.info({ ...factsOf(row), status, cause }, "message not delivered to SIP");
    const because = becauseOfSip(failure, this.#options.domains);
    if (fateOf(status) !== "unreadable") {
      this.#fail(row, because);
      return;
    }
    const { setAside } = this.#options;
    this.#fail(row, because, "failed", (failed) => setAside.put(failed, `SIP ${status} ${reason}`));
  }

  /**
   * On disk as failed before its sender is told, so that no restart delivers what was said to have failed. `then`: the
   * sender knows; the row goes, or rests where an operator can look at it.
   */
  #fail(
    row: JournalRow,
    because: FailedBecause,
    state: "failed" | "expired" = "failed",
    then = (failed: JournalRow) => this.#options.journal.settle(failed),
  ): void {
    this.offline.giveUp(row);
    const { row: failed, written } = this.#options.journal.move(row, state, because.why);
    written.then(
      () => {
        this.offline.gaveUp(row);
        this.#tell(failed, because, then);
      },
      () => this.#options.clock.after(DISK_AGAIN_MS, () => this.#fail(row, because, state, then)),
    );
  }

  #tell(
    row: JournalRow,
    because: FailedBecause,
    then = (told: JournalRow) => this.#options.journal.settle(told),
  ): void {
    this.#options.counters.add("im.to-sip.failed");
    if (row.senderTold) then(row);
    else this.#options.notice.failed(row.direction, row.accepted, { because, told: () => then(row) });
  }

  #becauseOfLastRun(row: JournalRow): FailedBecause {
    const why = row.problem ?? refusal("not-kept").text;
    return { ...becauseOfRefusal(refusal(row.state === "expired" ? "expired" : "not-registered")), why };
  }
}

/** Of the pair and not of its conversation, whose id may be another one after a crash. */
function laneOf(accepted: AcceptedIm): string {
  return keyOfPair(pairOf(accepted));
}

function factsOf(row: JournalRow): Record<string, string | undefined> {
  return { callId: row.accepted.callId, stanzaId: row.accepted.stanzaId, conversation: row.conversation, row: row.id };
}

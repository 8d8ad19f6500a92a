import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { Counters } from "../counters.ts";
import type { LiveParameters } from "../live-parameters.ts";
import { type Refusal, refusal } from "../refusal.ts";
import type { Journal, JournalRow } from "./journal.ts";

export interface OfflineStoreOptions {
  readonly journal: Journal;
  readonly parameters: LiveParameters;
  readonly hasPhone: (aor: string) => boolean;
  /** One attempt. False: nobody answers for the user, so it stays and the rest waits as well. */
  readonly attempt: (row: JournalRow) => Promise<boolean>;
  /** Whether it goes between SIP and XMPP, not between two SIP users. */
  readonly crosses: (row: JournalRow) => boolean;
  /** Its time is over: its sender is to be told. */
  readonly expired: (row: JournalRow) => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
}

/** About 1 KB a row: 1 GB of disk at the most. */
const MAX_STORED = 1_000_000;

/** Read and sent in a row. */
const PAGE = 50;

/** How many users are served at once, when all phones come back after an outage: each has one MESSAGE on its way. */
const MAX_SERVED_AT_ONCE = 200;

/** How often expired IMs are looked for; `im.offline-expiry` is kept to this precision. */
const SWEEP_EVERY_MS = 10_000;

/** A phone that is registered and did not answer is tried again; a REGISTER comes in between when it is alive. */
const RETRY_AFTER_MS = [5_000, 15_000, 60_000, 300_000, 900_000] as const;

/** A user whose IMs are being sent. */
interface Serving {
  /** Ids of rows that were taken away meanwhile, and may stand on a page that is read already. */
  readonly takenAway: Set<string>;
  /** The last row of the pages so far; undefined: the next page begins with the oldest. */
  after: string | undefined;
}

/** The IMs that wait for one user. */
interface Mailbox {
  waiting: number;
  retries: number;
  cancelRetry: (() => void) | undefined; // while one is set
}

/**
 * IMs for SIP users without a phone that answers: on disk, delivered in the order in which they were accepted when a phone
 * registers, each after the 2xx for the one before, which is the pace that the phone itself sets.
 */
export class OfflineStore {
  readonly #options: OfflineStoreOptions;
  readonly #mailboxes = new Map<string, Mailbox>();
  readonly #served = new Map<string, Serving>(); // by AOR
  readonly #queue = new Set<string>(); // AORs to be served
  readonly #underWay = new Set<string>(); // ids of rows
  readonly #givenUp = new Set<string>(); // ids of rows; the journal counts them as open, which it limits
  #stored = 0;
  #held = false;
  #cancelSweep: () => void = () => {};
  #onIdle: () => void = () => {};

  constructor(options: OfflineStoreOptions) {
    this.#options = options;
  }

  /** Counts what the last run left, and tries the phones that are still registered. */
  async start(): Promise<void> {
    for (const { state, aor, rows } of await this.#options.journal.counts()) {
      if (state !== "stored") continue;
      this.#mailboxOf(aor).waiting += rows;
      this.#stored += rows;
      this.#retryLater(aor);
    }
    this.#sweep();
  }

  /** Begins nothing more; what waits stays on disk. Resolves when nothing is under way. */
  hold(): Promise<void> {
    this.#held = true;
    this.#cancelSweep();
    for (const mailbox of this.#mailboxes.values()) cancelRetry(mailbox);
    if (this.#served.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Users with an IM under way. */
  get beingServed(): number {
    return this.#served.size;
  }

  get stored(): number {
    return this.#stored;
  }

  isUnderWay(id: string): boolean {
    return this.#underWay.has(id) || this.#givenUp.has(id);
  }

  /** Whether an IM has to wait: nobody is there, or others wait already and it must not overtake them. */
  mustWait(aor: string): boolean {
    return this.#mailboxes.has(aor) || !this.#options.hasPhone(aor);
  }

  /** The same for an IM of another SIP user: those that wait for the gateway to be switched on hold up none of these. */
  mustWaitWithinSip(aor: string): boolean {
    const areOthersGoing = this.#isGatewayOn() ? this.#mailboxes.has(aor) : this.#served.has(aor);
    return areOthersGoing || !this.#options.hasPhone(aor);
  }

  /** Why one more IM cannot wait, or undefined. */
  refusalFor(aor: string): Refusal | undefined {
    const { parameters, counters, hasPhone } = this.#options;
    const waiting = this.#mailboxes.get(aor)?.waiting ?? 0;
    // What waits for its turn at a phone is not offline, so it is not refused.
    const isOffline = waiting === 0 || !hasPhone(aor);
    if (isOffline && parameters.get("im.suppress-offline") === "on") return refusal("not-registered");
    const quota = parameters.get("im.offline-quota");
    if (waiting >= quota) {
      counters.add("offline.quota-hit");
      return refusal("mailbox-full", `${waiting} messages wait, at most ${quota} can`);
    }
    if (this.#stored < MAX_STORED) return undefined;
    counters.add("offline.limit-hit");
    return refusal("overloaded");
  }

  /** A row is in state "stored", or about to be: it counts from here on. */
  add({ id, accepted: { aor } }: JournalRow): void {
    const mailbox = this.#mailboxOf(aor);
    mailbox.waiting += 1;
    this.#stored += 1;
    this.#options.counters.add("im.to-sip.stored");
    const serving = this.#served.get(aor);
    if (serving === undefined && mailbox.cancelRetry === undefined) this.#retryLater(aor);
    // It was on its way while younger ones were read: those behind it in its conversation must not overtake it.
    if (serving?.after !== undefined && id < serving.after) serving.after = undefined;
  }

  /** Somebody else decides about a row that waits: it will not be sent. */
  takeAway(row: JournalRow): void {
    this.#served.get(row.accepted.aor)?.takenAway.add(row.id);
    this.#remove(row);
  }

  /** A row has failed. Until the disk says so too it is neither sent nor expired: its sender is told that it failed, once. */
  giveUp({ id }: JournalRow): void {
    this.#givenUp.add(id);
  }

  /** The disk says so; a page that was read before may still have it. */
  gaveUp({ id, accepted: { aor } }: JournalRow): void {
    this.#givenUp.delete(id);
    this.#served.get(aor)?.takenAway.add(id);
  }

  /** A phone has registered, or an operator asks: the user is served as soon as there is room. */
  serve(aor: string): void {
    const mailbox = this.#mailboxes.get(aor);
    if (this.#held || mailbox === undefined) return;
    mailbox.retries = 0;
    cancelRetry(mailbox);
    this.#queue.add(aor);
    this.#next();
  }

  /** `im.offline-expiry` has changed. */
  lookForExpired(): void {
    this.#cancelSweep();
    if (!this.#held) this.#sweep();
  }

  /** A phone of the user has spoken, so it may answer again. */
  onHeard(aor: string): void {
    if (this.#mailboxes.has(aor) && !this.#served.has(aor)) this.serve(aor);
  }

  /** Parameters have changed, perhaps so that IMs may go again. */
  serveAll(): void {
    for (const aor of this.#mailboxes.keys()) this.serve(aor);
  }

  #next(): void {
    for (const aor of this.#queue) {
      if (this.#served.size >= MAX_SERVED_AT_ONCE) return;
      if (this.#served.has(aor)) continue; // asked again while being served
      this.#queue.delete(aor);
      const serving: Serving = { takenAway: new Set(), after: undefined };
      this.#served.set(aor, serving);
      void this.#empty(aor, serving).then(() => {
        if (this.#served.size === 0) this.#onIdle();
        this.#next();
      });
    }
  }

  /** Page by page, each behind the one before: of the rows of a page some may be on disk for a moment longer. */
  async #empty(aor: string, serving: Serving): Promise<void> {
    try {
      while (this.#mayServe(aor)) {
        const { after } = serving;
        const at = after === undefined ? {} : { after };
        const page = await this.#options.journal.rows({
          states: ["stored"],
          direction: "to-sip",
          aor,
          limit: PAGE,
          ...at,
        });
        if (page.length === 0) return this.#onNoMore(aor, after);
        serving.after = page.at(-1)?.id;
        for (const row of page) {
          if (!this.#mayServe(aor)) return;
          if (!(await this.#attempt(row))) return this.#retryLater(aor);
        }
      }
    } catch (error) {
      this.#options.log.error({ err: error, aor }, "waiting messages not read");
      this.#retryLater(aor);
    } finally {
      this.#served.delete(aor);
    }
  }

  #mayServe(aor: string): boolean {
    const { parameters, hasPhone } = this.#options;
    return !this.#held && parameters.get("im.enabled") === "on" && this.#mailboxes.has(aor) && hasPhone(aor);
  }

  #isGatewayOn(): boolean {
    return this.#options.parameters.get("im-gateway.status") === "on";
  }

  /** False: nobody answers for the user. */
  async #attempt(row: JournalRow): Promise<boolean> {
    const { attempt, crosses } = this.#options;
    if (this.#givenUp.has(row.id) || this.#served.get(row.accepted.aor)?.takenAway.has(row.id)) return true;
    if (!this.#isGatewayOn() && crosses(row)) return true; // it waits until the gateway is switched on
    this.#underWay.add(row.id);
    try {
      if (!(await attempt(row))) return false;
    } finally {
      this.#underWay.delete(row.id);
    }
    const mailbox = this.#mailboxes.get(row.accepted.aor);
    if (mailbox !== undefined) mailbox.retries = 0;
    this.#remove(row);
    return true;
  }

  /** A row has left state "stored". */
  #remove({ accepted: { aor } }: JournalRow): void {
    const mailbox = this.#mailboxes.get(aor);
    if (mailbox === undefined) return;
    this.#stored -= 1;
    mailbox.waiting -= 1;
    if (mailbox.waiting > 0) return;
    cancelRetry(mailbox);
    this.#mailboxes.delete(aor);
  }

  #retryLater(aor: string): void {
    const mailbox = this.#mailboxes.get(aor);
    if (mailbox === undefined || this.#held) return;
    cancelRetry(mailbox);
    const afterMs = RETRY_AFTER_MS[Math.min(mailbox.retries, RETRY_AFTER_MS.length - 1)] ?? 0;
    mailbox.retries += 1;
    mailbox.cancelRetry = this.#options.clock.after(afterMs, () => {
      mailbox.cancelRetry = undefined;
      if (!this.#options.hasPhone(aor)) return; // its REGISTER will wake us
      this.#queue.add(aor);
      this.#next();
    });
  }

  /** A mailbox still counts something: what came into it behind our back, or waits for the gateway to be switched on. */
  #onNoMore(aor: string, after: string | undefined): void {
    if (after === undefined) this.#forget(aor);
    else if (this.#isGatewayOn()) this.#retryLater(aor);
  }

  /** The store has nothing for a mailbox that counts something: the rows were taken away by other hands. */
  #forget(aor: string): void {
    const mailbox = this.#mailboxes.get(aor);
    if (mailbox === undefined) return;
    this.#options.log.warn({ aor, waiting: mailbox.waiting }, "waiting messages are not in the store");
    this.#stored -= mailbox.waiting;
    cancelRetry(mailbox);
    this.#mailboxes.delete(aor);
  }

  #sweep(): void {
    this.#expire().catch((error: unknown) =>
      this.#options.log.error({ err: error }, "expired messages not looked for"),
    );
    this.#cancelSweep = this.#options.clock.after(SWEEP_EVERY_MS, () => this.#sweep());
  }

  async #expire(): Promise<void> {
    const { journal, parameters, clock, counters } = this.#options;
    const acceptedBefore = clock.now() - parameters.get("im.offline-expiry") * 1000;
    for (const row of await journal.rows({ states: ["stored"], acceptedBefore, limit: PAGE * MAX_SERVED_AT_ONCE })) {
      if (this.#held || this.isUnderWay(row.id)) continue;
      counters.add("im.to-sip.expired");
      this.takeAway(row);
      this.#options.expired(row);
    }
  }

  #mailboxOf(aor: string): Mailbox {
    const known = this.#mailboxes.get(aor);
    if (known !== undefined) return known;
    const mailbox: Mailbox = { waiting: 0, retries: 0, cancelRetry: undefined };
    this.#mailboxes.set(aor, mailbox);
    return mailbox;
  }
}

function cancelRetry(mailbox: Mailbox): void {
  mailbox.cancelRetry?.();
  mailbox.cancelRetry = undefined;
}

import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { Counters } from "../counters.ts";
import { ownCopy } from "../own-copy.ts";
import type { FailureMessage } from "./failure-message.ts";
import { detailOf, type FailedIm, type FailedIms, failedImsOf, joined } from "./failure-text.ts";

/** An IM of a SIP user that failed after its final answer had gone. */
export interface Failure extends FailedIm {
  readonly aor: string; // who is told
  readonly peer: string; // SIP URI of the peer whom the IM did not reach
  /** Called once, when a phone has taken the telling; never when none did. */
  readonly settled: () => void;
}

export interface FailureTellerOptions {
  /** Gives whether a phone took it. */
  readonly send: (message: FailureMessage) => Promise<boolean>;
  readonly failureText: (detail: string) => string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
}

/** The least time from the first telling of a pair to the next, and between those that follow: no flood for people. */
const FIRST_GAP_MS = 5_000;
const LATER_GAP_MS = 30_000;

/** A pair without a failure for this long begins with the first gap again. */
const QUIET_MS = 60_000;

/** About 1 KB each: 10 MB at the most. Beyond it failures are lost to this run; their journal rows are for the next. */
const MAX_PAIRS = 10_000;

/** One callback each. As many as the journal has rows; late errors, which have none, are no more than that. */
const MAX_UNTOLD = 100_000;

/** Failed IMs that are told in one message, and whom to tell when that was taken. */
interface Untold {
  readonly ims: FailedIms;
  readonly settled: readonly (() => void)[];
}

/** A SIP user with failures to be told, and how often that user has registered meanwhile. */
interface Sender {
  readonly aor: string;
  readonly pairs: Map<string, Pair>;
  registrations: number;
  retelling: boolean;
}

/** What one SIP user is told about one peer. */
interface Pair {
  readonly sender: Sender;
  readonly peer: string;
  untold: FailedIms | undefined;
  settled: (() => void)[]; // one for each of `untold`
  sending: boolean;
  refused: boolean; // nobody took the latest telling
  tellings: number; // since the last quiet
  nextAtMs: number; // no telling before
  failedAtMs: number; // the latest failure
  cancelTimer: () => void;
}

/**
 * Tells SIP users that IMs of theirs failed: the first failure of a pair at once, those that follow as summaries. What
 * nobody took is told again when its user registers, or with that pair's next failure.
 */
export class FailureTeller {
  readonly #options: FailureTellerOptions;
  readonly #senders = new Map<string, Sender>();
  #pairs = 0;
  #untold = 0;
  #state: "collecting" | "telling" | "stopped" = "collecting";

  constructor(options: FailureTellerOptions) {
    this.#options = options;
  }

  /** SIP is up: tells what was collected until now, and from here on what comes. */
  start(): void {
    this.#state = "telling";
    for (const { pairs } of this.#senders.values()) {
      for (const pair of pairs.values()) this.#plan(pair);
    }
  }

  /** Never for a message that was itself an automatic one. RFC 3834 §2. */
  tell(failure: Failure): void {
    if (this.#state === "stopped") return;
    const pair = this.#untold < MAX_UNTOLD ? this.#pairOf(failure) : undefined;
    if (pair === undefined) {
      this.#options.counters.add("failure-messages.lost");
      this.#options.log.error({ aor: failure.aor, peer: failure.peer }, "failure not told: too many are waiting");
      return;
    }
    const now = this.#options.clock.now();
    if (now - pair.failedAtMs >= QUIET_MS) pair.tellings = 0;
    pair.failedAtMs = now;
    const ims = failedImsOf(failure);
    pair.untold = pair.untold === undefined ? ims : joined(pair.untold, ims);
    pair.settled.push(failure.settled);
    this.#untold += 1;
    if (!pair.sending) this.#plan(pair);
  }

  /** Somebody may take it now: tells what nobody took so far, one message for each peer. */
  onRegistered(aor: string): void {
    const sender = this.#senders.get(aor);
    if (sender === undefined) return;
    sender.registrations += 1;
    this.#retell(sender);
  }

  /** The user is gone: whoever has the name next is told nothing of these. */
  forget(aor: string): void {
    for (const pair of this.#senders.get(aor)?.pairs.values() ?? []) {
      pair.cancelTimer();
      this.#untold -= pair.settled.length;
      pair.untold = undefined;
      pair.settled = [];
      this.#forget(pair);
    }
  }

  /** Tells nothing more. What is untold has its journal rows for the next start. */
  stop(): void {
    this.#state = "stopped";
    for (const { pairs } of this.#senders.values()) {
      for (const pair of pairs.values()) pair.cancelTimer();
    }
    this.#senders.clear();
  }

  #pairOf({ aor, peer }: Failure): Pair | undefined {
    const known = this.#senders.get(aor);
    const before = known?.pairs.get(peer);
    if (before !== undefined) return before;
    if (this.#pairs >= MAX_PAIRS) return undefined;
    const sender = known ?? { aor: ownCopy(aor), pairs: new Map(), registrations: 0, retelling: false };
    const pair: Pair = {
      sender,
      peer: ownCopy(peer),
      untold: undefined,
      settled: [],
      sending: false,
      refused: false,
      tellings: 0,
      nextAtMs: 0,
      failedAtMs: 0,
      cancelTimer: () => {},
    };
    this.#senders.set(sender.aor, sender);
    sender.pairs.set(pair.peer, pair);
    this.#pairs += 1;
    return pair;
  }

  #forget({ sender, peer }: Pair): void {
    sender.pairs.delete(peer);
    if (sender.pairs.size === 0) this.#senders.delete(sender.aor);
    this.#pairs -= 1;
  }

  /** What is untold goes out when the gap is over; a pair that has nothing untold is forgotten after the quiet. */
  #plan(pair: Pair): void {
    pair.cancelTimer();
    if (this.#state !== "telling") return;
    const { clock } = this.#options;
    const now = clock.now();
    if (pair.untold === undefined) {
      pair.cancelTimer = clock.after(pair.failedAtMs + QUIET_MS - now, () => this.#forget(pair));
    } else if (pair.nextAtMs <= now) {
      this.#begin(pair);
    } else {
      pair.cancelTimer = clock.after(pair.nextAtMs - now, () => this.#begin(pair));
    }
  }

  #begin(pair: Pair): void {
    const { registrations } = pair.sender;
    this.#watch(
      this.#attempt(pair).then((taken) => {
        if (!taken && pair.sender.registrations !== registrations) this.#retell(pair.sender);
      }),
    );
  }

  #retell(sender: Sender): void {
    if (!sender.retelling) this.#watch(this.#tellRefused(sender));
  }

  /** One after the other, so that a phone is not flooded and one that refuses is not asked for every peer. */
  async #tellRefused(sender: Sender): Promise<void> {
    sender.retelling = true;
    let registrations: number;
    do {
      registrations = sender.registrations;
      for (const pair of [...sender.pairs.values()]) {
        if (pair.refused && !pair.sending && !(await this.#attempt(pair))) break;
      }
    } while (sender.registrations !== registrations);
    sender.retelling = false;
  }

  /** One telling of all that is untold; gives whether a phone took it. An IM is in one telling at a time. */
  async #attempt(pair: Pair): Promise<boolean> {
    const { untold: ims, settled } = pair;
    if (ims === undefined || this.#state !== "telling") return false;
    pair.cancelTimer();
    pair.untold = undefined;
    pair.settled = [];
    pair.sending = true;
    pair.nextAtMs = this.#options.clock.now() + (pair.tellings === 0 ? FIRST_GAP_MS : LATER_GAP_MS);
    pair.tellings += 1;
    const taken = await this.#send(pair, ims);
    pair.sending = false;
    pair.refused = !taken;
    if (taken) this.#onTaken(pair, { ims, settled });
    else this.#onRefused(pair, { ims, settled });
    return taken;
  }

  async #send({ sender, peer }: Pair, ims: FailedIms): Promise<boolean> {
    const { send, failureText, log } = this.#options;
    const text = failureText(detailOf(ims));
    try {
      return await send({ aor: sender.aor, from: peer, text, callId: randomUUID(), at: ims.lastAt });
    } catch (error) {
      log.error({ err: error, aor: sender.aor, peer }, "failure message not sent");
      return false;
    }
  }

  #onTaken(pair: Pair, { ims, settled }: Untold): void {
    this.#options.counters.add("failure-messages.sent");
    this.#options.log.info(
      { aor: pair.sender.aor, peer: pair.peer, failures: ims.count },
      "failure told to the sender",
    );
    this.#untold -= settled.length;
    for (const tellSettled of settled) tellSettled();
    this.#plan(pair);
  }

  #onRefused(pair: Pair, { ims, settled }: Untold): void {
    const { aor } = pair.sender;
    this.#options.log.warn({ aor, peer: pair.peer, failures: ims.count }, "failure not told yet: nobody took it");
    pair.untold = pair.untold === undefined ? ims : joined(ims, pair.untold);
    pair.settled = [...settled, ...pair.settled];
  }

  #watch(telling: Promise<void>): void {
    telling.catch((error: unknown) => this.#options.log.error({ err: error }, "telling of a failure went wrong"));
  }
}

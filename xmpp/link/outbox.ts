import type { LinkLimits } from "./limits.ts";
import type { Handover, QueuedStanza } from "./link.ts";
import { NumberedQueue } from "./numbered-queue.ts";

export interface PreparedStanza {
  readonly text: string; // serialised
  readonly bytes: number; // of the text in UTF-8
}

export interface Barrier {
  readonly id: string;
  readonly text: string;
}

type Settled = (handover: Handover) => void;

export interface Settlement {
  readonly settled: Settled;
  readonly handover: Handover;
}

export interface OutboxOptions {
  readonly limits: Pick<LinkLimits, "window" | "windowBytes" | "barrierEvery" | "queued" | "queuedBytes">;
  readonly newBarrier: () => Barrier;
}

/** How a stream ended, as far as the outbox must know. */
export interface Cut {
  /** The server named a fault that one of our stanzas may have. */
  readonly blamesStanza: boolean;
  readonly problem: string;
}

interface Entry {
  text: string;
  readonly bytes: number;
  readonly settled: Settled | undefined;
  written: boolean; // it has been on a stream, so it can no longer be taken back
  cancelled: boolean;
  strikes: number; // for streams that ended while it was alone on its way
}

interface OpenBarrier {
  readonly id: string;
  readonly upTo: number; // the entries before this number are what it confirms
}

/** Cuts in a row without an answered barrier, after which the stanzas on their way are suspected. */
const FRUITLESS_CUTS = 3;
/** A stream error that names a fault is worth two strikes, since the stanza was suspected already; a bare cut is one. */
const STRIKES_TO_REFUSE = 2;
/** Entries taken back stay in the list until there are this many of them. */
const CANCELLED_TO_KEEP = 1024;

/**
 * What leaves by the link, in order, kept until a barrier is answered. XEP-0114 has no acknowledgements, but both servers
 * process a stream strictly in order: the answer to a ping tells that everything before it is done. Pure: the link
 * reports what happens and writes what `take` gives.
 *
 * After a cut, what is not confirmed goes again, in order and unchanged. After a stream error that a stanza may have
 * caused it goes one by one, each with its own barrier, and the one that ends the stream again is set aside.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #entries = new NumberedQueue<Entry>();
  #head = 0; // the first entry that is not done
  #next = 0; // the next entry to write
  #writtenEnd = 0; // no entry from here on was ever written
  #suspectsEnd = 0; // entries before this one go one by one
  #online = false;
  #barriers: OpenBarrier[] = [];
  #sinceBarrier = 0;
  #inFlight = 0; // on this stream, not confirmed
  #inFlightBytes = 0;
  #queued = 0;
  #queuedBytes = 0;
  #unconfirmed = 0;
  #cancelled = 0;
  #fruitlessCuts = 0;
  #settlements: Settlement[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Stanzas that were never written. */
  get queued(): number {
    return this.#queued;
  }

  /** Stanzas that were written, on this stream or an earlier one, and are not confirmed. */
  get unconfirmed(): number {
    return this.#unconfirmed;
  }

  /** The oldest barrier without an answer. */
  get openBarrier(): string | undefined {
    return this.#barriers[0]?.id;
  }

  /** Puts a stanza behind the others; refuses it when the queue is full. */
  enqueue(stanza: PreparedStanza, settled?: Settled): QueuedStanza {
    const { queued, queuedBytes } = this.#options.limits;
    if (this.#queued >= queued || this.#queuedBytes + stanza.bytes > queuedBytes) {
      this.#settle(settled, { outcome: "refused", why: "too many stanzas wait for the XMPP server", busy: true });
      return { cancel: () => false };
    }
    const { text, bytes } = stanza;
    const entry: Entry = { text, bytes, settled, written: false, cancelled: false, strikes: 0 };
    this.#entries.push(entry);
    this.#queued += 1;
    this.#queuedBytes += bytes;
    return { cancel: () => this.#cancel(entry) };
  }

  /** Tells the sender of a stanza that it is not even queued. */
  refuse(why: string, settled?: Settled): void {
    this.#settle(settled, { outcome: "refused", why });
  }

  wentOnline(): void {
    this.#online = true;
  }

  /** The text to write now, "" when nothing may go. With `probe` a barrier goes even if it confirms nothing. */
  take(probe = false): string {
    if (!this.#online) {
      return "";
    }
    let text = "";
    for (let entry = this.#nextToWrite(); entry !== undefined; entry = this.#nextToWrite()) {
      text += this.#write(entry);
      if (this.#sinceBarrier >= this.#options.limits.barrierEvery) {
        text += this.#raiseBarrier();
      }
    }
    // While a barrier is on its way the next waits for its answer: one a round trip is enough, and idle it goes at once.
    if (this.#barriers.length === 0 && (this.#sinceBarrier > 0 || probe)) {
      text += this.#raiseBarrier();
    }
    return text;
  }

  /** Takes the answer to a barrier, result or error; false when it is none of ours. */
  answered(id: string): boolean {
    const index = this.#barriers.findIndex((barrier) => barrier.id === id);
    const barrier = this.#barriers[index];
    if (barrier === undefined) {
      return false;
    }
    this.#barriers.splice(0, index + 1);
    while (this.#head < barrier.upTo) {
      this.#fruitlessCuts = 0;
      this.#finishHead({ outcome: "processed" });
    }
    return true;
  }

  /** What is not confirmed will go again. True when a stanza was set aside. */
  wentOffline(cut: Cut): boolean {
    const setAside = this.#inFlight > 0 && this.#findFault(cut);
    this.#online = false;
    this.#barriers = [];
    this.#sinceBarrier = 0;
    this.#inFlight = 0;
    this.#inFlightBytes = 0;
    this.#next = this.#head;
    return setAside;
  }

  /** Takes back what was never written. What was written stays unsettled: nobody knows its fate. */
  stop(): void {
    for (let number = this.#entries.end - 1; number >= this.#writtenEnd; number -= 1) {
      const entry = this.#entries.at(number);
      if (entry) {
        this.#cancel(entry);
      }
    }
  }

  /** What senders are to be told since the last call, in order. */
  takeSettlements(): readonly Settlement[] {
    const settlements = this.#settlements;
    this.#settlements = [];
    return settlements;
  }

  #nextToWrite(): Entry | undefined {
    while (this.#entries.at(this.#next)?.cancelled) {
      this.#next += 1;
    }
    const entry = this.#entries.at(this.#next);
    return entry && this.#mayGo(entry) ? entry : undefined;
  }

  #mayGo(entry: Entry): boolean {
    const { window, windowBytes } = this.#options.limits;
    if (this.#inFlight === 0) {
      return true;
    }
    const oneByOne = this.#head < this.#suspectsEnd;
    return !oneByOne && this.#inFlight < window && this.#inFlightBytes + entry.bytes <= windowBytes;
  }

  #write(entry: Entry): string {
    this.#next += 1;
    this.#writtenEnd = Math.max(this.#writtenEnd, this.#next);
    this.#inFlight += 1;
    this.#inFlightBytes += entry.bytes;
    this.#sinceBarrier += 1;
    if (!entry.written) {
      entry.written = true;
      this.#leaveQueue(entry);
      this.#unconfirmed += 1;
    }
    return entry.text;
  }

  #raiseBarrier(): string {
    const { id, text } = this.#options.newBarrier();
    this.#barriers.push({ id, upTo: this.#next });
    this.#sinceBarrier = 0;
    return text;
  }

  #finishHead(handover: Handover): void {
    const entry = this.#entries.at(this.#head);
    this.#head += 1;
    this.#entries.dropBefore(this.#head);
    if (entry === undefined || entry.cancelled) {
      return;
    }
    this.#inFlight -= 1;
    this.#inFlightBytes -= entry.bytes;
    this.#unconfirmed -= 1;
    this.#settle(entry.settled, handover);
  }

  #findFault({ blamesStanza, problem }: Cut): boolean {
    if (this.#head >= this.#suspectsEnd) {
      this.#fruitlessCuts += 1;
      if (blamesStanza || this.#fruitlessCuts >= FRUITLESS_CUTS) {
        this.#suspectsEnd = this.#next;
      }
      return false;
    }
    while (this.#entries.at(this.#head)?.cancelled) {
      this.#head += 1;
    }
    const suspect = this.#entries.at(this.#head);
    if (suspect === undefined) {
      return false;
    }
    suspect.strikes += blamesStanza ? STRIKES_TO_REFUSE : 1;
    if (suspect.strikes < STRIKES_TO_REFUSE) {
      return false;
    }
    this.#finishHead({ outcome: "refused", why: `it ends the stream each time it is sent: ${problem}` });
    return true;
  }

  #cancel(entry: Entry): boolean {
    if (entry.written || entry.cancelled) {
      return false;
    }
    entry.cancelled = true;
    entry.text = "";
    this.#leaveQueue(entry);
    this.#settle(entry.settled, { outcome: "cancelled" });
    this.#cancelled += 1;
    if (this.#cancelled >= CANCELLED_TO_KEEP && this.#cancelled >= this.#queued) {
      this.#entries.filterFrom(this.#writtenEnd, (one) => !one.cancelled);
      this.#cancelled = 0;
    }
    return true;
  }

  #leaveQueue(entry: Entry): void {
    this.#queued -= 1;
    this.#queuedBytes -= entry.bytes;
  }

  #settle(settled: Settled | undefined, handover: Handover): void {
    if (settled) {
      this.#settlements.push({ settled, handover });
    }
  }
}

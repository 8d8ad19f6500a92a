import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { Counters } from "../counters.ts";
import type { LiveParameters } from "../live-parameters.ts";
import type { Journal, JournalRow } from "./journal.ts";

/** A sender who did not come back by then never will; and what people wrote is not kept for ever. */
const KEPT_MS = 30 * 24 * 3_600_000;

const SWEEP_EVERY_MS = 3_600_000;

/** In one sweep, with a log line for each: 24 000 a day, of the 100 000 that the journal has room for. */
const MAX_LOST = 1_000;

export interface UntoldOptions {
  readonly journal: Journal;
  readonly parameters: LiveParameters;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
}

/** Failed IMs whose senders never came back to be told: they leave the journal, which has room for so many only. */
export class Untold {
  readonly #options: UntoldOptions;
  #cancelSweep: () => void = () => {};

  constructor(options: UntoldOptions) {
    this.#options = options;
  }

  /** The first sweep is an hour later: those whom the start itself can tell are told by then. */
  start(): void {
    this.#cancelSweep = this.#options.clock.after(SWEEP_EVERY_MS, () => this.#sweep());
  }

  stop(): void {
    this.#cancelSweep();
  }

  #sweep(): void {
    this.#settleOld().catch((error: unknown) => this.#options.log.error({ err: error }, "old failures not looked for"));
    this.start();
  }

  async #settleOld(): Promise<void> {
    const { journal, parameters, clock, counters, log } = this.#options;
    const acceptedBefore = clock.now() - KEPT_MS - parameters.get("im.offline-expiry") * 1000;
    for (const row of await journal.rows({ states: ["failed", "expired"], acceptedBefore, limit: MAX_LOST })) {
      const { callId, stanzaId, acceptedAt } = row.accepted;
      log.warn({ row: row.id, callId, stanzaId, acceptedAt }, "failure never told: its sender did not come back");
      counters.add("failure-messages.lost");
      journal.settle(row);
    }
  }
}

/** When an IM failed at the latest, which is not on disk: one to SIP may have been stored before. ms since the epoch. */
export function failedBy({ direction, accepted }: JournalRow, parameters: LiveParameters): number {
  const storedMs = direction === "to-sip" ? parameters.get("im.offline-expiry") * 1000 : 0;
  return accepted.acceptedAt + storedMs;
}

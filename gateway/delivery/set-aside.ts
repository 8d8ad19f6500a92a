import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { Counters } from "../counters.ts";
import type { AcceptedIm, Journal, JournalRow } from "./journal.ts";

/** Enough to see a pattern, and a tenth more within the hour; the oldest go first. About 1 KB each. */
const MAX_SET_ASIDE = 1_000;

/** By then an operator has looked, or never will; what people wrote is not kept for ever. */
const KEPT_MS = 30 * 24 * 3_600_000;

const SWEEP_EVERY_MS = 3_600_000;

export interface SetAsideOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
}

/** IMs that the other side could not read: their senders have been told, and an operator may look at them. */
export class SetAside {
  readonly #options: SetAsideOptions;
  #cancelSweep: () => void = () => {};
  #sinceTrim = 0;

  constructor(options: SetAsideOptions) {
    this.#options = options;
  }

  start(): void {
    this.#sweep();
  }

  stop(): void {
    this.#cancelSweep();
  }

  put(row: JournalRow, problem: string): void {
    const { journal, counters, log } = this.#options;
    counters.add("im.set-aside");
    log.warn({ row: row.id, callId: row.accepted.callId, problem }, "message set aside");
    journal.move(row, "set-aside", problem);
    this.#onePlus();
  }

  /** One that was never in the journal: its sender had the answer at once. */
  add(conversation: string, accepted: AcceptedIm, problem: string): void {
    const { journal, counters, log } = this.#options;
    counters.add("im.set-aside");
    log.warn({ callId: accepted.callId, problem }, "message set aside");
    const { written } = journal.accept("to-xmpp", conversation, accepted, { state: "set-aside", problem });
    written.catch((error: unknown) => log.error({ err: error }, "message set aside not written"));
    this.#onePlus();
  }

  /** A burst must not wait for the sweep. */
  #onePlus(): void {
    this.#sinceTrim += 1;
    if (this.#sinceTrim < MAX_SET_ASIDE / 10) return;
    this.#cancelSweep();
    this.#sweep();
  }

  #sweep(): void {
    this.#sinceTrim = 0;
    this.#trim().catch((error: unknown) =>
      this.#options.log.error({ err: error }, "messages set aside not looked through"),
    );
    this.#cancelSweep = this.#options.clock.after(SWEEP_EVERY_MS, () => this.#sweep());
  }

  async #trim(): Promise<void> {
    const { journal, clock } = this.#options;
    const rows = await journal.rows({ states: ["set-aside"] });
    const keptSince = clock.now() - KEPT_MS;
    const tooMany = Math.max(0, rows.length - MAX_SET_ASIDE);
    for (const [index, row] of rows.entries()) {
      if (index < tooMany || row.accepted.acceptedAt < keptSince) journal.settle(row);
    }
  }
}

import type { Logger } from "pino";
import type { Clock } from "../clock.ts";

/** A flood of broken messages must not become a flood of log lines: one line a kind in this time, with the number left out. */
const INTERVAL_MS = 10_000;

/** Warnings that strangers can cause. The messages are a fixed set, so the table of them is bounded. */
export class RateLimitedLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #kinds = new Map<string, { nextMs: number; suppressed: number }>();

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  warn(message: string, fields: object): void {
    const nowMs = this.#clock.now();
    const kind = this.#kinds.get(message);
    if (kind !== undefined && nowMs < kind.nextMs) {
      kind.suppressed += 1;
      return;
    }
    this.#log.warn({ ...fields, suppressed: kind?.suppressed ?? 0 }, message);
    this.#kinds.set(message, { nextMs: nowMs + INTERVAL_MS, suppressed: 0 });
  }
}

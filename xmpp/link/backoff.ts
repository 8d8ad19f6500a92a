import type { Random } from "../random.ts";

/**
 * Milliseconds before the first further attempt, by why the last one ended. A server that restarts is back soon; a
 * refused secret stays refused until somebody changes it.
 */
export const FIRST_DELAY_MS = {
  cut: 200,
  conflict: 1_000,
  configuration: 5_000,
} as const;

/** Half a minute keeps the log short and is still soon enough for a server that was away for hours. */
export const LONGEST_DELAY_MS = 30_000;

export type RetryClass = keyof typeof FIRST_DELAY_MS;

/** Doubling delays with jitter (the upper half is random), so that many clients do not return at once. */
export class Backoff {
  readonly #random: Pick<Random, "fraction">;
  #attempts = 0;

  constructor(random: Pick<Random, "fraction">) {
    this.#random = random;
  }

  /** Milliseconds to wait before the next attempt. */
  next(retry: RetryClass): number {
    const full = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS[retry] * 2 ** this.#attempts);
    // 2 ** 30 is far beyond the longest delay; counting on would only end in Infinity.
    this.#attempts = Math.min(this.#attempts + 1, 30);
    return Math.round(full / 2 + (full / 2) * this.#random.fraction());
  }

  /** The link has proved itself: the next failure starts from the first delay. */
  reset(): void {
    this.#attempts = 0;
  }
}

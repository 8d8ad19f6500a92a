import type { LinkLimits } from "./limits.ts";

/** How often `tick` is called. Finer would only find a dead server a little sooner. */
export const WATCH_EVERY_MS = 1_000;

/**
 * Tells from the oldest open barrier, looked at once a second, whether the server still answers. It counts looks and
 * not time: after this process was suspended, the answer that waits in the socket is read before the next look.
 */
export class BarrierWatch {
  readonly #limits: Pick<LinkLimits, "answerWithinMs" | "probeEveryMs">;
  #watched: string | undefined;
  #ticks = 0; // since the watched barrier, or its absence, was first seen

  constructor(limits: Pick<LinkLimits, "answerWithinMs" | "probeEveryMs">) {
    this.#limits = limits;
  }

  /** probe: the link was idle for long, ask. silent: the server does not answer any more. */
  tick(openBarrier: string | undefined): "well" | "probe" | "silent" {
    if (openBarrier !== this.#watched) {
      this.#watched = openBarrier;
      this.#ticks = 0;
    }
    this.#ticks += 1;
    const elapsedMs = this.#ticks * WATCH_EVERY_MS;
    if (openBarrier !== undefined) {
      return elapsedMs > this.#limits.answerWithinMs ? "silent" : "well";
    }
    if (elapsedMs < this.#limits.probeEveryMs) {
      return "well";
    }
    this.#ticks = 0;
    return "probe";
  }
}

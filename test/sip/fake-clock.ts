import type { Clock } from "../../sip/clock.ts";

/** A clock that stands still until a test turns it; what falls due on the way runs in its order. */
export class FakeClock implements Clock {
  #nowMs: number;
  #pending: { readonly dueMs: number; readonly run: () => void }[] = [];

  constructor(nowMs = 1_700_000_000_000) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const entry = { dueMs: this.#nowMs + ms, run };
    this.#pending.push(entry);
    return () => {
      this.#pending = this.#pending.filter((other) => other !== entry);
    };
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let next = this.#nextUntil(endMs); next !== undefined; next = this.#nextUntil(endMs)) {
      this.#pending = this.#pending.filter((other) => other !== next);
      this.#nowMs = next.dueMs;
      next.run();
    }
    this.#nowMs = endMs;
  }

  /** How many callbacks wait. */
  get pending(): number {
    return this.#pending.length;
  }

  #nextUntil(endMs: number): { readonly dueMs: number; readonly run: () => void } | undefined {
    const due = this.#pending.filter(({ dueMs }) => dueMs <= endMs);
    return due.reduce<(typeof due)[number] | undefined>(
      (first, entry) => (first === undefined || entry.dueMs < first.dueMs ? entry : first),
      undefined,
    );
  }
}

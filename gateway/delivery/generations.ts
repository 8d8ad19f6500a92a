import type { Clock } from "../clock.ts";

export interface GenerationsOptions {
  readonly clock: Pick<Clock, "now">;
  readonly size: number; // entries of one generation; there are two
  readonly keepMs: number;
}

interface Entry<Value> {
  readonly value: Value;
  readonly since: number; // ms since the epoch
}

/**
 * A memory for `keepMs`, of twice `size` entries at the most. The older half is forgotten at once: a Map that loses its
 * oldest entry each time grows gaps that cost more than the entries.
 */
export class Generations<Value> {
  readonly #options: GenerationsOptions;
  #young = new Map<string, Entry<Value>>();
  #old = new Map<string, Entry<Value>>();
  #youngSince: number;

  constructor(options: GenerationsOptions) {
    this.#options = options;
    this.#youngSince = options.clock.now();
  }

  /** Undefined too when it has been kept for its time. */
  get(key: string): Value | undefined {
    const entry = this.#young.get(key) ?? this.#old.get(key);
    if (entry === undefined) return undefined;
    return this.#options.clock.now() - entry.since < this.#options.keepMs ? entry.value : undefined;
  }

  /** Its time begins anew when it is there already. */
  set(key: string, value: Value): void {
    const now = this.#options.clock.now();
    if (this.#young.size >= this.#options.size || now - this.#youngSince >= this.#options.keepMs) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngSince = now;
    }
    this.#young.set(key, { value, since: now });
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}

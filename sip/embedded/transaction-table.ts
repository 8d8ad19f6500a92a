/** What the table must know of a transaction to keep itself within its bound. */
export interface TableEntry {
  readonly key: string;
  /** Still waiting for its final answer; such an entry is never pushed out. */
  readonly open: boolean;
  /** Ends without a word: clears its timers. */
  discard(): void;
}

/** Beside as many as there are entries: so many keys of removed ones are kept before the line is tidied. */
const SPARE_KEYS = 1024;

/**
 * Transactions by key, at most `capacity` of them. Beyond it the oldest completed one is pushed out: a late retransmission
 * of that request is then handled as new, which is the mildest harm that a full table can do.
 */
export class TransactionTable<T extends TableEntry> {
  readonly #byKey = new Map<string, T>();
  readonly #capacity: number;
  /**
   * Keys in the order of arrival, from #head on; those of removed entries stay for a while. An iterator over the map is no
   * substitute: a fresh one walks over all the gaps at its front, and one that lasts keeps every table that the map has
   * outgrown, and so every transaction, alive.
   */
  #order: string[] = [];
  #head = 0;
  #evictions = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** How many were pushed out since the start. */
  get evictions(): number {
    return this.#evictions;
  }

  find(key: string): T | undefined {
    return this.#byKey.get(key);
  }

  add(transaction: T): void {
    if (this.#byKey.size >= this.#capacity) this.#evictOldest();
    this.#byKey.set(transaction.key, transaction);
    this.#order.push(transaction.key);
    if (this.#order.length > 2 * this.#byKey.size + SPARE_KEYS) this.#tidy();
  }

  remove(transaction: T): void {
    this.#byKey.delete(transaction.key);
  }

  /** A copy: what is done with one may remove it. */
  all(): readonly T[] {
    return [...this.#byKey.values()];
  }

  discardAll(): void {
    for (const transaction of this.#byKey.values()) transaction.discard();
    this.#byKey.clear();
    this.#order = [];
    this.#head = 0;
  }

  /** Open ones go to the end of the line: they are few and end by themselves. */
  #evictOldest(): void {
    for (let passed = this.#order.length - this.#head; passed > 0; passed -= 1) {
      const key = this.#order[this.#head] ?? "";
      this.#head += 1;
      const oldest = this.#byKey.get(key);
      if (oldest === undefined) continue;
      if (oldest.open) {
        this.#order.push(key);
        continue;
      }
      oldest.discard();
      this.#byKey.delete(key);
      this.#evictions += 1;
      return;
    }
  }

  #tidy(): void {
    const live = new Set<string>();
    for (let index = this.#head; index < this.#order.length; index += 1) {
      const key = this.#order[index] ?? "";
      if (this.#byKey.has(key)) live.add(key);
    }
    this.#order = [...live];
    this.#head = 0;
  }
}

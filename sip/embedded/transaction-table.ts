/** What the table must know of a transaction to keep itself within its bound. */
export interface TableEntry {
  readonly key: string;
  /** Still waiting for its final answer; such an entry is never pushed out. */
  readonly open: boolean;
  /** Ends without a word: clears its timers. */
  discard(): void;
}

/**
 * Transactions by key, at most `capacity` of them. Beyond it the oldest completed one is pushed out: a late retransmission
 * of that request is then handled as new, which is the mildest harm that a full table can do.
 */
export class TransactionTable<T extends TableEntry> {
  readonly #byKey = new Map<string, T>();
  readonly #capacity: number;
  /** One lasting iterator: a fresh one would walk over the gaps that removed entries leave at the front of the map. */
  #oldest: IterableIterator<T>;
  #evictions = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#oldest = this.#byKey.values();
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
  }

  /** Open ones are passed over, and seen again only when nothing younger is left: they are few and end by themselves. */
  #evictOldest(): void {
    for (let turn = 0; turn < 2; turn += 1) {
      for (let next = this.#oldest.next(); next.done !== true; next = this.#oldest.next()) {
        if (next.value.open) continue;
        next.value.discard();
        this.#byKey.delete(next.value.key);
        this.#evictions += 1;
        return;
      }
      this.#oldest = this.#byKey.values();
    }
  }
}

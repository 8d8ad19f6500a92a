/** Dropped entries are cut off the array in lumps of this many, so that a drop costs nothing by itself. */
const LUMP = 1024;

/** A first-in-first-out list whose entries are known by running numbers that outlive a drop. */
export class NumberedQueue<T> {
  #entries: T[] = [];
  #base = 0; // number of the first entry in the array
  #start = 0;

  /** The number that the next entry will get. */
  get end(): number {
    return this.#base + this.#entries.length;
  }

  push(entry: T): void {
    this.#entries.push(entry);
  }

  at(number: number): T | undefined {
    return number < this.#start ? undefined : this.#entries[number - this.#base];
  }

  /** Forgets every entry before that number. */
  dropBefore(number: number): void {
    this.#start = number;
    if (number - this.#base >= LUMP) {
      this.#entries.splice(0, number - this.#base);
      this.#base = number;
    }
  }

  /** Forgets entries from that number on for which `keep` is false; those behind them get new numbers. */
  filterFrom(number: number, keep: (entry: T) => boolean): void {
    const kept = this.#entries.slice(number - this.#base).filter(keep);
    this.#entries.length = number - this.#base;
    for (const entry of kept) {
      this.#entries.push(entry);
    }
  }
}

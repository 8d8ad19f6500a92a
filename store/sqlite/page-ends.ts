import type { Database, Statement } from "better-sqlite3";

/** One for each user whose messages are being read page by page; at the most some thousand register in a moment. */
const MAX_PAGE_ENDS = 10_000;

/** Where the pages of the journal ended, so that the next one starts there when the last row of a page is gone by then. */
export class PageEnds {
  readonly #ofRow: Statement<[string], number>;
  readonly #before: Statement<[string], number>;
  readonly #ends = new Map<string, number>(); // sequence by id, oldest first

  constructor(database: Database) {
    this.#ofRow = database.prepare<[string], number>("SELECT sequence FROM journal WHERE id = ?").pluck();
    this.#before = database
      .prepare<[string], number>("SELECT sequence FROM journal WHERE id < ? ORDER BY id DESC LIMIT 1")
      .pluck();
  }

  remember({ id, sequence }: { readonly id: string; readonly sequence: number }): void {
    this.#ends.delete(id);
    this.#ends.set(id, sequence);
    const [oldest] = this.#ends.keys();
    if (this.#ends.size > MAX_PAGE_ENDS && oldest !== undefined) this.#ends.delete(oldest);
  }

  /** The place of a row, also of one that is gone; of one that ended no page it is told by the order of the ids. */
  sequenceOf(id: string): number {
    return this.#ofRow.get(id) ?? this.#ends.get(id) ?? this.#before.get(id) ?? 0;
  }
}

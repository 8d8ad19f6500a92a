import type { Database, Statement } from "better-sqlite3";

/** A commit waits for the disk once, however many writes it holds; beyond this many the event loop would feel the wait. */
const MAX_WRITES_PER_COMMIT = 4096;

export interface WriteCounts {
  readonly writes: number;
  readonly commits: number;
  readonly failures: number; // writes whose promise was rejected
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

/**
 * Joins the writes of one event-loop turn in one transaction. Each is run at once, so that what is read next sees it;
 * its promise is settled by the commit at the end of the turn. A statement that fails is undone by SQLite alone and
 * rejects its own promise only; a failure that ends the transaction (disk full, I/O) rejects all that were in it.
 */
export class WriteGroup {
  readonly #database: Database;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #rollback: Statement;
  #waiting: Waiting[] = [];
  #scheduled: NodeJS.Immediate | undefined;
  #writes = 0;
  #commits = 0;
  #failures = 0;

  constructor(database: Database) {
    this.#database = database;
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
    this.#rollback = database.prepare("ROLLBACK");
  }

  /** Runs one statement, or several by `database.transaction`; resolves with its result once that is on disk. */
  add<T>(run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      let result: T;
      try {
        if (!this.#database.inTransaction) this.#begin.run();
        result = run();
      } catch (cause) {
        this.#failures += 1;
        reject(cause);
        if (!this.#database.inTransaction) this.#rejectAll(cause);
        this.#schedule();
        return;
      }
      this.#writes += 1;
      this.#waiting.push({ resolve: () => resolve(result), reject });
      if (this.#waiting.length >= MAX_WRITES_PER_COMMIT) this.flush();
      else this.#schedule();
    });
  }

  /** Commits what waits; for the end of a turn and for closing. */
  flush(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    if (!this.#database.inTransaction) return;
    try {
      this.#commit.run();
    } catch (cause) {
      this.#abandon();
      this.#rejectAll(cause);
      return;
    }
    if (this.#waiting.length > 0) this.#commits += 1;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve();
  }

  get counts(): WriteCounts {
    return { writes: this.#writes, commits: this.#commits, failures: this.#failures };
  }

  #schedule(): void {
    if (!this.#database.inTransaction) return;
    this.#scheduled ??= setImmediate(() => this.flush());
  }

  #abandon(): void {
    if (!this.#database.inTransaction) return; // SQLite has rolled back by itself
    try {
      this.#rollback.run();
    } catch {
      // The commit's own error is the one to report; the next BEGIN tells if the connection is lost for good.
    }
  }

  #rejectAll(cause: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#failures += waiting.length;
    for (const { reject } of waiting) reject(cause);
  }
}

import type { Logger } from "pino";
import type { JournalRecord, Store } from "../../store/port.ts";
import type { Clock } from "../clock.ts";
import type { InstantMessage } from "../mapping/instant-message.ts";

/** An IM that Parley answers for: enough to send it again after a restart, and to tell its sender when it fails. */
export interface AcceptedIm {
  readonly im: InstantMessage;
  readonly aor: string; // the SIP side
  readonly jid: string; // the XMPP side, full where it is known
  readonly stanzaId: string | undefined;
  readonly callId: string; // of the MESSAGE that came in, or that goes out
  readonly acceptedAt: number; // ms since the epoch
}

export type Direction = JournalRecord["direction"];

export interface JournalRow {
  readonly id: string;
  readonly direction: Direction;
  readonly conversation: string;
  readonly accepted: AcceptedIm;
}

/** A row is about 1 KB: 100 MB of disk at the most. Beyond it new IMs are refused, and their senders told. */
const MAX_ROWS = 100_000;

/** One commit for all that is settled in this time, instead of one for each turn of the event loop. */
const SETTLED_WITHIN_MS = 20;

export interface JournalOptions {
  readonly store: Store["journal"];
  readonly clock: Clock;
  readonly log: Logger;
}

/** What Parley has taken responsibility for and not yet settled, in the order in which it was accepted. */
export class Journal {
  readonly #options: JournalOptions;
  /** Ids of the rows that are not settled. */
  readonly #open = new Set<string>();
  #sequence = 0;
  #settled: string[] = [];
  #cancelFlush: (() => void) | undefined;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** The rows that the last run left open. A row that cannot be read is given back as its id, and kept. */
  async open(): Promise<{ readonly rows: readonly JournalRow[]; readonly unreadable: readonly string[] }> {
    const records = await this.#options.store.list();
    for (const { id } of records) this.#open.add(id);
    const rows = records.map(rowFromRecord);
    return {
      rows: rows.flatMap((row) => row ?? []),
      unreadable: records.filter((_, index) => rows[index] === undefined).map((record) => record.id),
    };
  }

  get count(): number {
    return this.#open.size;
  }

  get full(): boolean {
    return this.#open.size >= MAX_ROWS;
  }

  /** Gives the row at once; `written` resolves when it is on disk. */
  accept(
    direction: Direction,
    conversation: string,
    accepted: AcceptedIm,
  ): { row: JournalRow; written: Promise<void> } {
    const row = { id: this.#nextId(), direction, conversation, accepted };
    this.#open.add(row.id);
    return { row, written: this.#write(row) };
  }

  /**
   * The sender knows the outcome, or the other side has the IM: the row may go. Rows go together a little later: after a
   * crash before that the IM is sent again with the same id, which is what a row under way means anyway.
   */
  settle(row: JournalRow): void {
    if (!this.#open.delete(row.id)) return;
    this.#settled.push(row.id);
    this.#cancelFlush ??= this.#options.clock.after(SETTLED_WITHIN_MS, () => this.#flush());
  }

  /** Takes the settled rows off the disk. */
  async close(): Promise<void> {
    await this.#removeSettled();
  }

  async #write({ id, direction, conversation, accepted }: JournalRow): Promise<void> {
    const { acceptedAt } = accepted;
    try {
      await this.#options.store.add({ id, direction, conversation, acceptedAt, payload: JSON.stringify(accepted) });
    } catch (error) {
      this.#open.delete(id); // there is no row
      throw error;
    }
  }

  #flush(): void {
    this.#removeSettled().catch((error: unknown) => {
      this.#options.log.error(
        { err: error },
        "settled journal rows not removed; they would be sent again at the next start",
      );
    });
  }

  async #removeSettled(): Promise<void> {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const ids = this.#settled;
    this.#settled = [];
    await Promise.all(ids.map((id) => this.#options.store.remove(id)));
  }

  /** Sorts by time and, within a millisecond, by order of acceptance. */
  #nextId(): string {
    this.#sequence = (this.#sequence + 1) % 1_000_000;
    const time = this.#options.clock.now().toString(36).padStart(9, "0");
    return `${time}-${this.#sequence.toString().padStart(6, "0")}`;
  }
}

function rowFromRecord(record: JournalRecord): JournalRow | undefined {
  const { id, direction, conversation, payload } = record;
  try {
    return { id, direction, conversation, accepted: JSON.parse(payload) as AcceptedIm };
  } catch {
    return undefined;
  }
}

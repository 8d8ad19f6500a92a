import { randomBytes } from "node:crypto";
import type { Logger } from "pino";
import type { JournalCount, JournalFilter, JournalRecord, JournalState, Store } from "../../store/port.ts";
import type { Clock } from "../clock.ts";
import type { InstantMessage } from "../mapping/instant-message.ts";

/** An IM that Parley answers for: enough to send it again after a restart, and to tell its sender when it fails. */
export interface AcceptedIm {
  readonly im: InstantMessage;
  readonly aor: string; // the SIP side; of an IM between two SIP users its recipient
  readonly jid: string; // the other side, full where it is known; a SIP user by the JID that stands for it
  readonly stanzaId: string | undefined;
  readonly callId: string; // of the MESSAGE that came in, or that goes out
  readonly acceptedAt: number; // ms since the epoch
  readonly device?: string; // of the SIP user who wrote it, where that is known
}

export type Direction = JournalRecord["direction"];

export interface JournalRow {
  readonly id: string;
  readonly direction: Direction;
  readonly conversation: string;
  readonly accepted: AcceptedIm;
  readonly state: JournalState;
  readonly problem?: string | undefined; // why it is not delivered, for people
  readonly senderTold?: true; // that it failed; an operator tries it once more
}

/** A row is about 1 KB: 100 MB of disk at the most. Beyond it new IMs are refused, and their senders told. */
const MAX_OPEN_ROWS = 100_000;

/** One commit for all that is settled in this time, instead of one for each turn of the event loop. */
const SETTLED_WITHIN_MS = 20;

/** Where a row rests: nothing is under way for it, so it is not held in memory. */
const AT_REST: ReadonlySet<JournalState> = new Set(["stored", "set-aside"]);

export interface JournalOptions {
  readonly store: Store["journal"];
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * What Parley has taken responsibility for and not yet settled, in the order in which it was accepted. A row is written
 * when it is accepted, moves from state to state, and goes when its IM is delivered or its sender has been told.
 */
export class Journal {
  readonly #options: JournalOptions;
  /** Ids of the rows that are not settled and not at rest. */
  readonly #open = new Set<string>();
  /** Ids of rows that are on disk for a moment longer; of those `#leaving` the removal is under way. */
  readonly #settled = new Set<string>();
  readonly #leaving = new Set<string>();
  readonly #run = randomBytes(3).toString("hex");
  #sequence = 0;
  #cancelFlush: (() => void) | undefined;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** The rows that the last run left open. A row that cannot be read is given back as its id, and kept. */
  async open(): Promise<{ readonly rows: readonly JournalRow[]; readonly unreadable: readonly string[] }> {
    const records = await this.#options.store.list({ states: ["accepted", "confirmed", "failed", "expired"] });
    for (const { id } of records) this.#open.add(id);
    const rows = records.map(rowFromRecord);
    return {
      rows: rows.flatMap((row) => row ?? []),
      unreadable: records.filter((_, index) => rows[index] === undefined).map((record) => record.id),
    };
  }

  /** Rows under way. */
  get count(): number {
    return this.#open.size;
  }

  get full(): boolean {
    return this.#open.size >= MAX_OPEN_ROWS;
  }

  /** Gives the row at once; `written` resolves when it is on disk. */
  accept(
    direction: Direction,
    conversation: string,
    accepted: AcceptedIm,
    { state = "accepted", problem }: { readonly state?: JournalState; readonly problem?: string } = {},
  ): { row: JournalRow; written: Promise<void> } {
    const row: JournalRow = { id: this.#nextId(), direction, conversation, accepted, state, problem };
    if (!AT_REST.has(state)) this.#open.add(row.id);
    return { row, written: this.#write(row) };
  }

  /** Gives the row in its new state at once; when `written` rejects it has its old state on disk. */
  move(row: JournalRow, state: JournalState, problem?: string): { row: JournalRow; written: Promise<void> } {
    if (AT_REST.has(state)) this.#open.delete(row.id);
    else this.#open.add(row.id);
    const written = this.#options.store.move(row.id, { state, problem });
    written.catch((error: unknown) => {
      this.#options.log.error({ err: error, row: row.id, state }, "journal row not moved; it keeps its state");
    });
    return { row: { ...row, state, problem }, written };
  }

  /**
   * The sender knows the outcome, or the other side has the IM: the row may go. Rows go together a little later: after a
   * crash before that the IM is sent again with the same id, which is what a row under way means anyway.
   */
  settle(row: JournalRow): void {
    if (this.#settled.has(row.id)) return;
    this.#open.delete(row.id);
    this.#settled.add(row.id);
    this.#cancelFlush ??= this.#options.clock.after(SETTLED_WITHIN_MS, () => this.#flush());
  }

  /** Rows on disk, oldest first; those that are settled or cannot be read are left out. */
  async rows(filter: JournalFilter): Promise<readonly JournalRow[]> {
    const { limit } = filter;
    const onDisk = limit === undefined ? filter : { ...filter, limit: limit + this.#settled.size };
    const records = await this.#options.store.list(onDisk);
    const rows = records.flatMap((record) => (this.#settled.has(record.id) ? [] : (rowFromRecord(record) ?? [])));
    return limit === undefined ? rows : rows.slice(0, limit);
  }

  async find(id: string): Promise<JournalRow | undefined> {
    if (this.#settled.has(id)) return undefined;
    const record = await this.#options.store.get(id);
    return record === undefined ? undefined : rowFromRecord(record);
  }

  counts(): Promise<readonly JournalCount[]> {
    return this.#options.store.counts();
  }

  /** Takes the settled rows off the disk. */
  async close(): Promise<void> {
    await this.#removeSettled();
  }

  async #write(row: JournalRow): Promise<void> {
    const { id, direction, conversation, accepted, state, problem } = row;
    const { aor, acceptedAt } = accepted;
    const payload = JSON.stringify(accepted);
    try {
      await this.#options.store.add({ id, direction, conversation, aor, state, problem, acceptedAt, payload });
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
    const ids = [...this.#settled].filter((id) => !this.#leaving.has(id));
    for (const id of ids) this.#leaving.add(id);
    try {
      await Promise.all(ids.map((id) => this.#options.store.remove(id)));
      for (const id of ids) this.#settled.delete(id);
    } finally {
      for (const id of ids) this.#leaving.delete(id);
    }
  }

  /** Sorts by time and, within a millisecond, by order of acceptance; the run makes it another one if the clock steps back. */
  #nextId(): string {
    this.#sequence = (this.#sequence + 1) % 1_000_000;
    const time = this.#options.clock.now().toString(36).padStart(9, "0");
    return `${time}-${this.#sequence.toString().padStart(6, "0")}-${this.#run}`;
  }
}

function rowFromRecord(record: JournalRecord): JournalRow | undefined {
  const { id, direction, conversation, state, problem, payload } = record;
  try {
    return { id, direction, conversation, state, problem, accepted: JSON.parse(payload) as AcceptedIm };
  } catch {
    return undefined;
  }
}

import type { JournalFilter, JournalState } from "../port.ts";

/** The values of a journal query; all are bound, whether its text names them or not. */
export interface JournalBounds {
  readonly after: number; // sequence
  readonly limit: number; // -1: none
  readonly direction: string | null;
  readonly aor: string | null;
  readonly acceptedBefore: number | null;
}

const STATES: readonly JournalState[] = ["accepted", "stored", "confirmed", "failed", "expired", "set-aside"];

export const JOURNAL_COLUMNS =
  "sequence, id, direction, conversation, aor, state, problem, accepted_at AS acceptedAt, payload";

/**
 * The text of a journal query. Each state has a SELECT of its own, so that an index is used for it, and with an AOR its
 * order too; SQLite merges them by sequence and stops at the limit. States are written out, not bound: SQLite takes a
 * partial index only when the query repeats its condition. https://www.sqlite.org/partialindex.html §3.
 */
export function journalQuery(filter: JournalFilter): string {
  const selects = statesOf(filter).map((state) => selectOf(state, filter));
  return `${selects.join(" UNION ALL ")} ORDER BY sequence LIMIT @limit`;
}

/** How many rows there are of each kind, from the indexes alone. */
export const JOURNAL_COUNTS = `
  SELECT state, direction, aor, count(*) AS rows FROM journal WHERE state = 'accepted' GROUP BY state, aor, direction
  UNION ALL
  SELECT state, direction, aor, count(*) AS rows FROM journal WHERE state <> 'accepted' GROUP BY state, aor, direction`;

/** Undefined stands for every state at once: a walk along the table, which is in the right order already. */
function statesOf({ states, aor, acceptedBefore }: JournalFilter): readonly (JournalState | undefined)[] {
  if (states !== undefined) return STATES.filter((state) => states.includes(state));
  return aor === undefined && acceptedBefore === undefined ? [undefined] : STATES;
}

function selectOf(state: JournalState | undefined, filter: JournalFilter): string {
  const terms = ["sequence > @after"];
  if (state !== undefined) terms.push(`state = '${state}'`);
  if (state !== undefined && state !== "accepted") terms.push("state <> 'accepted'");
  if (filter.direction !== undefined) terms.push("direction = @direction");
  if (filter.aor !== undefined) terms.push("aor = @aor");
  if (filter.acceptedBefore !== undefined) terms.push("accepted_at < @acceptedBefore");
  return `SELECT ${JOURNAL_COLUMNS} FROM journal WHERE ${terms.join(" AND ")}`;
}

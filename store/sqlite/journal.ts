import type { Database, Statement } from "better-sqlite3";
import type { JournalCount, JournalFilter, JournalRecord, JournalState, Store } from "../port.ts";
import { JOURNAL_COLUMNS, JOURNAL_COUNTS, type JournalBounds, journalQuery } from "./journal-query.ts";
import { PageEnds } from "./page-ends.ts";
import type { WriteGroup } from "./write-group.ts";

interface Row extends Omit<JournalRecord, "problem"> {
  readonly sequence: number;
  readonly problem: string | null;
}

interface Move {
  readonly id: string;
  readonly state: JournalState;
  readonly problem: string | null;
}

/**
 * Rows are in the order of `sequence`, which is that of their addition whatever their ids are: ids hold the time, and a
 * clock may be set back between two runs.
 */
export function journalIn(database: Database, writes: WriteGroup): Store["journal"] {
  const add = database.prepare<[Row]>(
    `INSERT INTO journal (sequence, id, direction, conversation, aor, state, problem, accepted_at, payload)
     VALUES (@sequence, @id, @direction, @conversation, @aor, @state, @problem, @acceptedAt, @payload)`,
  );
  const move = database.prepare<[Move]>("UPDATE journal SET state = @state, problem = @problem WHERE id = @id");
  const remove = database.prepare<[string]>("DELETE FROM journal WHERE id = ?");
  const counts = database.prepare<[], JournalCount>(JOURNAL_COUNTS);
  // SQLite by itself would give the number of a last row that is gone to the next one, which a page end then hides.
  let lastSequence = Number(database.prepare("SELECT max(sequence) FROM journal").pluck().get() ?? 0);
  return {
    ...readsOf(database),
    counts: async () => counts.all(),
    add: async (record) => {
      lastSequence += 1;
      const row = { ...record, sequence: lastSequence, problem: record.problem ?? null };
      return writes.add(() => void add.run(row));
    },
    move: async (id, { state, problem = null }) => writes.add(() => void move.run({ id, state, problem })),
    remove: async (id) => writes.add(() => void remove.run(id)),
  };
}

function readsOf(database: Database): Pick<Store["journal"], "get" | "list"> {
  const get = database.prepare<[string], Row>(`SELECT ${JOURNAL_COLUMNS} FROM journal WHERE id = ?`);
  const statementFor = listStatements(database);
  const pageEnds = new PageEnds(database);
  return {
    get: async (id) => {
      const row = get.get(id);
      return row === undefined ? undefined : recordOf(row);
    },
    list: async (filter) => {
      if (filter.states?.length === 0) return [];
      const rows = statementFor(filter).all(boundsOf(filter, pageEnds));
      const last = rows.at(-1);
      if (last !== undefined && rows.length === filter.limit) pageEnds.remember(last);
      return rows.map(recordOf);
    },
  };
}

/** Statements by their text. The forms of a filter are a few hundred, those in use a dozen: none is ever let go. */
function listStatements(database: Database): (filter: JournalFilter) => Statement<[JournalBounds], Row> {
  const statements = new Map<string, Statement<[JournalBounds], Row>>();
  return (filter) => {
    const text = journalQuery(filter);
    const known = statements.get(text);
    if (known !== undefined) return known;
    const statement = database.prepare<[JournalBounds], Row>(text);
    statements.set(text, statement);
    return statement;
  };
}

function boundsOf(filter: JournalFilter, pageEnds: PageEnds): JournalBounds {
  const { after, limit = -1, direction = null, aor = null, acceptedBefore = null } = filter;
  return { after: after === undefined ? 0 : pageEnds.sequenceOf(after), limit, direction, aor, acceptedBefore };
}

function recordOf({ sequence: _, problem, ...row }: Row): JournalRecord {
  return { ...row, problem: problem ?? undefined };
}

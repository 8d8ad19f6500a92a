import Sqlite, { type Database } from "better-sqlite3";
import { expect } from "chai";
import type { JournalFilter } from "../../store/port.ts";
import { JOURNAL_COUNTS, journalQuery } from "../../store/sqlite/journal-query.ts";
import { migrate } from "../../store/sqlite/migrations.ts";

const SORTED = "USE TEMP B-TREE FOR ORDER BY";
const UNDER_WAY = "SEARCH journal USING INDEX journal_under_way (state=? AND sequence>?)";
const WAITING = "SEARCH journal USING INDEX journal_waiting (state=? AND aor=? AND sequence>?)";
const aor = "alice@sip.test";

const PLANS: readonly { readonly title: string; readonly filter: JournalFilter; readonly plan: readonly string[] }[] = [
  { title: "what waits for a user", filter: { states: ["stored"], aor, after: "a", limit: 100 }, plan: [WAITING] },
  { title: "the same of one direction", filter: { states: ["stored"], aor, direction: "to-sip" }, plan: [WAITING] },
  { title: "what is under way", filter: { states: ["accepted"] }, plan: [UNDER_WAY] },
  { title: "all of a user", filter: { aor }, plan: [UNDER_WAY, WAITING, WAITING, WAITING, WAITING, WAITING] },
  {
    title: "what has waited too long",
    filter: { states: ["stored"], acceptedBefore: 1, limit: 100 },
    plan: ["SEARCH journal USING INDEX journal_by_age (state=? AND accepted_at<?)", SORTED],
  },
  { title: "everything", filter: {}, plan: ["SEARCH journal USING INTEGER PRIMARY KEY (rowid>?)"] },
];

describe("SQLite journal: how a query is answered", () => {
  let database: Database;
  beforeEach(() => {
    database = new Sqlite(":memory:");
    migrate(database);
  });
  afterEach(() => database.close());

  const bounds = { after: 0, limit: -1, direction: null, aor: null, acceptedBefore: null };
  const planOf = (query: string, ...values: readonly unknown[]): readonly string[] =>
    database
      .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${query}`)
      .all(...values)
      .map(({ detail }) => detail);

  for (const { title, filter, plan } of PLANS) {
    it(`${title}: ${plan[0]}`, () => {
      const searches = planOf(journalQuery(filter), bounds).filter((detail) => /^(?:SCAN|SEARCH|USE)\b/.test(detail));
      expect(searches).deep.equal(plan);
    });
  }

  it("counts are read from the indexes alone", () => {
    const reads = planOf(JOURNAL_COUNTS).filter((detail) => /\bjournal\b/.test(detail));
    expect(reads).length(2);
    for (const detail of reads) expect(detail).contain("COVERING INDEX");
  });
});

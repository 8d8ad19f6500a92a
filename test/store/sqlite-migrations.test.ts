import Sqlite, { type Database } from "better-sqlite3";
import { expect } from "chai";
import { MIGRATIONS, migrate, schemaOf } from "../../store/sqlite/migrations.ts";

const STEPS = [
  "CREATE TABLE notes (text TEXT NOT NULL) STRICT; INSERT INTO notes VALUES ('first')",
  "ALTER TABLE notes ADD COLUMN author TEXT NOT NULL DEFAULT 'unknown'",
  "CREATE INDEX notes_by_author ON notes (author); UPDATE notes SET text = upper(text)",
];

function schemaText(database: Database): unknown {
  return database.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name").all();
}

describe("SQLite migrations", () => {
  let database: Database;
  beforeEach(() => {
    database = new Sqlite(":memory:");
  });
  afterEach(() => database.close());

  for (let schema = 0; schema <= MIGRATIONS.length; schema += 1) {
    it(`schema ${schema} walks forward to schema ${MIGRATIONS.length}`, () => {
      migrate(database, MIGRATIONS.slice(0, schema));
      expect(schemaOf(database)).equal(schema);
      migrate(database);
      expect(schemaOf(database)).equal(MIGRATIONS.length);
      const fresh = new Sqlite(":memory:");
      migrate(fresh);
      const wanted = schemaText(fresh);
      fresh.close();
      expect(schemaText(database)).deep.equal(wanted);
    });
  }

  describe("schema 1 to 2", () => {
    const payload = '{"im":{"text":"hello"},"aor":"alice@sip.test","jid":"bob@xmpp.test"}';
    const JOURNAL_1 = [
      { sequence: 3, id: "z", direction: "to-sip", conversation: "c1", accepted_at: 5, payload },
      { sequence: 4, id: "a", direction: "to-xmpp", conversation: "c2", accepted_at: 6, payload: '{"aor":null}' },
      { sequence: 9, id: "b", direction: "to-xmpp", conversation: "c2", accepted_at: 7, payload: "not JSON" },
    ];
    const CONVERSATION_1 = {
      id: "c1",
      aor: "alice@sip.test",
      jid: "bob@xmpp.test",
      thread: null,
      call_id: "call-1",
      opened_at: 1,
      active_at: 2,
      from_sip: 3,
      from_xmpp: 4,
    };
    beforeEach(() => {
      migrate(database, MIGRATIONS.slice(0, 1));
      insert("journal", JOURNAL_1);
      insert("conversations", [CONVERSATION_1]);
      migrate(database, MIGRATIONS.slice(0, 2));
    });
    const insert = (table: string, rows: readonly Readonly<Record<string, unknown>>[]): void => {
      for (const row of rows) {
        const names = Object.keys(row);
        const values = names.map((name) => `@${name}`);
        database.prepare(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${values.join(", ")})`).run(row);
      }
    };

    it("journal rows keep their place and are under way, each of the AOR in its payload", () => {
      const rows = database.prepare("SELECT * FROM journal ORDER BY sequence").all();
      const aors = ["alice@sip.test", "", ""]; // what cannot be read is kept for an operator to look at
      const wanted = JOURNAL_1.map((row, index) => ({ ...row, aor: aors[index], state: "accepted", problem: null }));
      expect(rows).deep.equal(wanted);
    });

    it("conversations stay, without locks", () => {
      const rows = database.prepare("SELECT * FROM conversations").all();
      expect(rows).deep.equal([{ ...CONVERSATION_1, sip_lock: null, xmpp_lock: null }]);
    });
  });

  it("every table is STRICT", () => {
    migrate(database);
    const tables = database.pragma("table_list") as readonly { name: string; type: string; strict: number }[];
    const own = tables.filter(({ name }) => !name.startsWith("sqlite_"));
    expect(own).not.deep.equal([]);
    expect(own.filter(({ strict }) => strict !== 1)).deep.equal([]);
  });

  for (let schema = 0; schema <= STEPS.length; schema += 1) {
    it(`each step runs once, in order, from step ${schema} on; rows are kept`, () => {
      migrate(database, STEPS.slice(0, schema));
      migrate(database, STEPS);
      migrate(database, STEPS);
      expect(database.prepare("SELECT text, author FROM notes").all()).deep.equal([
        { text: "FIRST", author: "unknown" },
      ]);
    });
  }

  it("a step that fails leaves the database at the schema that it had", () => {
    migrate(database, STEPS.slice(0, 1));
    expect(() => migrate(database, [...STEPS.slice(0, 2), "CREATE TABEL broken"])).throw("syntax error");
    expect(schemaOf(database)).equal(1);
    expect(database.prepare("SELECT * FROM notes").all()).deep.equal([{ text: "first" }]);
  });

  it("a newer schema is refused", () => {
    migrate(database, STEPS);
    expect(() => migrate(database, STEPS.slice(0, 2))).throw("it has schema 3, and this Parley knows schemas up to 2");
  });
});

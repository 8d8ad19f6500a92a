import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import Sqlite from "better-sqlite3";
import { expect } from "chai";
import { openStore } from "../../store/open.ts";
import type { JournalRecord } from "../../store/port.ts";
import { MIGRATIONS, migrate } from "../../store/sqlite/migrations.ts";
import { openDatabase } from "../../store/sqlite/open.ts";
import { openSqliteStore } from "../../store/sqlite/store.ts";
import { describeStore } from "./store-contract.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const JOURNAL_ROW: Omit<JournalRecord, "id"> = {
  direction: "to-sip",
  conversation: "c1",
  aor: "alice@sip.test",
  state: "accepted",
  problem: undefined,
  acceptedAt: 5,
  payload: "{}",
};

async function refusalOf(opening: Promise<unknown>): Promise<string> {
  return opening.then(
    () => "opened",
    (error: Error) => error.message,
  );
}

describe("SQLite store", () => {
  const file = temporaryFolder();
  describeStore("SQLite", () => openStore(`sqlite:${file("parley.db")}`));
});

describe("SQLite store: the file", () => {
  const file = temporaryFolder();

  it("belongs to its owner alone, its -wal file too, also when it was there before", async () => {
    writeFileSync(file("parley.db"), "", { mode: 0o644 });
    const store = await openSqliteStore({ path: file("parley.db") });
    await store.settings.put("a", "b");
    const modes = ["parley.db", "parley.db-wal"].map((name) => statSync(file(name)).mode & 0o777);
    await store.close();
    expect(modes).deep.equal([0o600, 0o600]);
  });

  it("is a write-ahead log, flushed at every commit, and held by one process", () => {
    const database = openDatabase(file("parley.db"));
    const settings = ["journal_mode", "synchronous", "foreign_keys", "locking_mode"].map((name) =>
      database.pragma(name, { simple: true }),
    );
    database.close();
    expect(settings).deep.equal(["wal", 2, 1, "exclusive"]); // synchronous 2 is FULL
  });

  it("a second gateway on the same file is refused, and may open it once the first has closed", async () => {
    const path = file("parley.db");
    const first = await openSqliteStore({ path });
    const refusal = await refusalOf(openSqliteStore({ path }));
    await first.close();
    expect(refusal).equal(
      `store ${path}: another process holds it, perhaps a Parley that is still running: stop that one first (SQLITE_BUSY)`,
    );
    await (await openSqliteStore({ path })).close();
  }).timeout(10_000);

  it("a newer schema is refused, with what to do", async () => {
    const path = file("parley.db");
    await (await openSqliteStore({ path })).close();
    const database = new Sqlite(path);
    database.pragma(`user_version = ${MIGRATIONS.length + 6}`);
    database.close();
    const before = readFileSync(path);
    expect(await refusalOf(openSqliteStore({ path }))).equal(
      `store ${path}: it has schema ${MIGRATIONS.length + 6}, and this Parley knows schemas up to ${MIGRATIONS.length}: ` +
        "run the newer Parley that wrote it, or restore a backup from before the upgrade",
    );
    expect(readFileSync(path).equals(before)).equal(true);
  });

  it("a file of schema 1 is opened with its journal and its conversations", async () => {
    const path = file("parley.db");
    const database = new Sqlite(path);
    database.pragma("application_id = 0x50524c59"); // "PRLY"
    migrate(database, MIGRATIONS.slice(0, 1));
    const payload = '{"aor":"alice@sip.test"}';
    database.prepare("INSERT INTO journal VALUES (7, 'b', 'to-sip', 'c1', 5, ?)").run(payload);
    database.exec("INSERT INTO conversations VALUES ('c1', 'alice@sip.test', 'bob@xmpp.test', NULL, NULL, 1, 2, 3, 4)");
    database.close();
    const store = await openSqliteStore({ path });
    await store.journal.add({ ...JOURNAL_ROW, id: "a" });
    const [rows, conversations] = await Promise.all([store.journal.list({}), store.conversations.list()]);
    await store.close();
    expect(rows).deep.equal([
      { ...JOURNAL_ROW, id: "b", payload },
      { ...JOURNAL_ROW, id: "a" },
    ]);
    expect(conversations).length(1);
    expect(conversations[0]).include({ id: "c1", fromXmpp: 4, sipLock: undefined, xmppLock: undefined });
  });

  it("a file that is no database is refused and left as it is", async () => {
    const path = file("notes.txt");
    writeFileSync(path, "not a database, only text\n".repeat(100), { mode: 0o644 });
    expect(await refusalOf(openSqliteStore({ path }))).match(/notes\.txt: it is not an SQLite database.*SQLITE_NOTADB/);
    expect(readFileSync(path, "utf8")).equal("not a database, only text\n".repeat(100));
    expect(statSync(path).mode & 0o777).equal(0o644);
  });

  it("the database of another program is refused", async () => {
    const path = file("other.db");
    const database = new Sqlite(path);
    database.exec("CREATE TABLE moz_places (id INTEGER)");
    database.close();
    const before = readFileSync(path);
    expect(await refusalOf(openSqliteStore({ path }))).match(/other\.db: it is a database of another program/);
    expect(readFileSync(path).equals(before)).equal(true);
  });

  it("a missing folder and a folder in place of the file are named", async () => {
    mkdirSync(file("folder"));
    expect(await refusalOf(openSqliteStore({ path: file("none/parley.db") }))).match(/its folder does not exist/);
    expect(await refusalOf(openSqliteStore({ path: file("folder") }))).match(/it is a folder/);
  });

  it("a copy is made while writes go on, and opens as a store", async () => {
    const store = await openSqliteStore({ path: file("parley.db") });
    await store.settings.put("before", "yes");
    const copying = store.backup(file("copy.db"));
    const during = Array.from({ length: 100 }, (_, n) => store.settings.put(`during-${n}`, "x"));
    await Promise.all([copying, ...during]);
    const again = await refusalOf(store.backup(file("copy.db")));
    await store.close();
    const copy = await openSqliteStore({ path: file("copy.db") });
    const value = await copy.settings.get("before");
    await copy.close();
    expect(value).equal("yes");
    expect(again).contain("EEXIST");
    expect(statSync(file("copy.db")).mode & 0o777).equal(0o600);
  });
});

describe("openStore: the URL", () => {
  const file = temporaryFolder();

  it("sqlite: and a path opens that file", async () => {
    await (await openStore(`sqlite:${file("a b.db")}`)).close();
    expect(existsSync(file("a b.db"))).equal(true);
  });

  it("another scheme is refused with what is supported, and without the password in it", async () => {
    const refusal = await refusalOf(openStore("postgres://user:secret@host/db"));
    expect(refusal).equal('store postgres:…: only "sqlite:FILE" is supported');
    expect(await refusalOf(openStore("parley.db"))).equal('store parley.db: only "sqlite:FILE" is supported');
    expect(await refusalOf(openStore("sqlite:"))).contain("the file is missing");
  });
});

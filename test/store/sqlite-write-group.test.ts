import Sqlite, { type Database } from "better-sqlite3";
import { expect } from "chai";
import { WriteGroup } from "../../store/sqlite/write-group.ts";
import { temporaryFolder } from "./temporary-folder.ts";

describe("SQLite write group", () => {
  const file = temporaryFolder();
  let database: Database;
  let writes: WriteGroup;
  beforeEach(() => {
    database = new Sqlite(file("group.db"));
    database.pragma("journal_mode = WAL");
    database.exec("CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT");
    writes = new WriteGroup(database);
  });
  afterEach(() => {
    writes.flush();
    database.close();
  });

  const insert = (id: number, text: string = "x") =>
    writes.add(() => database.prepare("INSERT INTO rows VALUES (?, ?)").run(id, text).changes);
  const count = (): unknown => database.prepare("SELECT count(*) FROM rows").pluck().get();
  const statuses = async (promises: readonly Promise<unknown>[]): Promise<string> =>
    (await Promise.allSettled(promises)).map(({ status }) => (status === "fulfilled" ? "+" : "-")).join("");

  it("1000 writes of one turn are one commit, and each gives its result", async () => {
    const results = await Promise.all(Array.from({ length: 1000 }, (_, id) => insert(id)));
    expect(new Set(results)).deep.equal(new Set([1]));
    expect(writes.counts).deep.equal({ writes: 1000, commits: 1, failures: 0 });
  });

  it("writes of two turns are two commits", async () => {
    await insert(1);
    await insert(2);
    expect(writes.counts.commits).equal(2);
  });

  it("no promise resolves before the commit, which another connection then sees", async () => {
    const other = new Sqlite(file("group.db"), { readonly: true });
    const seen = () => other.prepare("SELECT count(*) FROM rows").pluck().get();
    const writing = insert(1).then(seen);
    expect(count()).equal(1); // our own reads see it at once
    expect(seen()).equal(0);
    await Promise.resolve();
    expect(seen()).equal(0);
    expect(await writing).equal(1);
    other.close();
  });

  it("a write that fails is undone alone: first, in the middle and last", async () => {
    await insert(0);
    expect(await statuses([insert(0), insert(1), insert(0), insert(2), insert(0)])).equal("-+-+-");
    expect(count()).equal(3);
    expect(writes.counts).deep.equal({ writes: 3, commits: 2, failures: 3 });
  });

  it("of several statements in one write, all are undone", async () => {
    const both = database.transaction(() => {
      database.exec("INSERT INTO rows VALUES (1, 'a')");
      database.exec("INSERT INTO rows VALUES (1, 'b')");
    });
    expect(await statuses([insert(5), writes.add(both), insert(6)])).equal("+-+");
    expect(database.prepare("SELECT id FROM rows ORDER BY id").pluck().all()).deep.equal([5, 6]);
  });

  it("SQLITE_FULL: rejected, never thrown; nothing that was promised is lost, and writes go on when there is room", async () => {
    await insert(1);
    database.pragma("max_page_count = 4");
    const big = "x".repeat(1_000_000);
    const results = await Promise.allSettled([insert(2), insert(3, big), insert(4)]);
    const kept = results.flatMap(({ status }, index) => (status === "fulfilled" ? [index + 2] : []));
    expect(results[1]).deep.include({ status: "rejected" });
    expect(database.prepare("SELECT id FROM rows WHERE id > 1 ORDER BY id").pluck().all()).deep.equal(kept);
    database.pragma("max_page_count = 4000");
    expect(await statuses([insert(5, big)])).equal("+");
  });

  it("a failure that ends the transaction rejects all that were in it", async () => {
    const first = insert(1);
    const fatal = writes.add(() => {
      database.exec("ROLLBACK"); // as SQLite does by itself on an I/O error
      throw new Error("disk I/O error");
    });
    const afterwards = insert(2);
    expect(await statuses([first, fatal, afterwards])).equal("--+");
    expect(database.prepare("SELECT id FROM rows").pluck().all()).deep.equal([2]);
    expect(writes.counts.failures).equal(2);
  });

  it("a commit that fails rejects its writes and leaves the connection usable", async () => {
    database.exec(`PRAGMA foreign_keys = ON;
      CREATE TABLE parts (row INTEGER REFERENCES rows (id) DEFERRABLE INITIALLY DEFERRED) STRICT`);
    const orphan = writes.add(() => database.exec("INSERT INTO parts VALUES (99)"));
    expect(await statuses([insert(1), orphan])).equal("--");
    expect(await statuses([insert(2)])).equal("+");
    expect(database.prepare("SELECT id FROM rows").pluck().all()).deep.equal([2]);
  });

  it("a read-only file: rejected, never thrown", async () => {
    const readonly = new Sqlite(file("group.db"), { readonly: true });
    const group = new WriteGroup(readonly);
    expect(await statuses([group.add(() => readonly.exec("INSERT INTO rows VALUES (1, 'x')"))])).equal("-");
    readonly.close();
  });

  it("4096 writes are committed without waiting for the turn to end", async () => {
    const all = Promise.all(Array.from({ length: 5000 }, (_, id) => insert(id)));
    expect(writes.counts.commits).equal(1);
    await all;
    expect(writes.counts).deep.equal({ writes: 5000, commits: 2, failures: 0 });
  });
});

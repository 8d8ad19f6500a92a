import { expect } from "chai";
import type { JournalFilter, JournalRecord, JournalState, Store } from "../../store/port.ts";

const STATES: readonly JournalState[] = ["accepted", "stored", "confirmed", "failed", "expired", "set-aside"];

/** A row that is under way, but for the fields given. */
export function journalRow(id: string, fields: Partial<JournalRecord> = {}): JournalRecord {
  return {
    id,
    direction: "to-sip",
    conversation: "alice@sip.test bob@xmpp.test",
    aor: "alice@sip.test",
    state: "accepted",
    problem: undefined,
    acceptedAt: 6,
    payload: "{}",
    ...fields,
  };
}

/** The ids of the rows that a filter lets through. */
export async function idsOf(store: Store, filter: JournalFilter = {}): Promise<readonly string[]> {
  return (await store.journal.list(filter)).map(({ id }) => id);
}

/** What every driver does with the journal. */
export function describeJournal(store: () => Store, reopened: () => Promise<Store>): void {
  it("rows are read back in the order in which they were added", async () => {
    const ids = Array.from({ length: 200 }, (_, n) => `row-${String(n).padStart(6, "0")}`);
    await Promise.all(ids.map((id) => store().journal.add(journalRow(id))));
    expect(await idsOf(await reopened())).deep.equal(ids);
  });

  it("the order goes on across removals and a restart", async () => {
    for (const id of ["a", "b", "c"]) await store().journal.add(journalRow(id));
    await store().journal.remove("c");
    await store().journal.remove("a");
    await (await reopened()).journal.add(journalRow("d"));
    expect(await idsOf(store())).deep.equal(["b", "d"]);
  });

  it("the order of addition is kept when the ids of a later run sort before: a clock was set back", async () => {
    for (const id of ["x", "y"]) await store().journal.add(journalRow(id));
    const later = await reopened();
    for (const id of ["a", "b"]) await later.journal.add(journalRow(id));
    expect(await idsOf(later)).deep.equal(["x", "y", "a", "b"]);
    expect(await idsOf(later, { states: STATES, aor: "alice@sip.test" })).deep.equal(["x", "y", "a", "b"]);
  });

  it("an id is added once", async () => {
    await store().journal.add(journalRow("a", { payload: "first" }));
    const second = await store()
      .journal.add(journalRow("a", { payload: "second" }))
      .then(
        () => "added",
        () => "rejected",
      );
    expect(second).equal("rejected");
    expect(await store().journal.list({})).deep.equal([journalRow("a", { payload: "first" })]);
  });

  it("get gives the row of an id, and undefined when there is none", async () => {
    const row = journalRow("a", { state: "failed", problem: "603 Decline" });
    await store().journal.add(row);
    expect(await (await reopened()).journal.get("a")).deep.equal(row);
    expect(await store().journal.get("A")).equal(undefined);
  });

  for (const state of STATES) {
    it(`move to ${state}: state and problem, and nothing else; the place in the order stays`, async () => {
      for (const id of ["a", "b", "c"]) await store().journal.add(journalRow(id, { state: "failed", problem: "old" }));
      await store().journal.move("b", { state, problem: undefined });
      expect(await store().journal.get("b")).deep.equal(journalRow("b", { state, problem: undefined }));
      await store().journal.move("b", { state, problem: "nobody is there" });
      expect(await (await reopened()).journal.get("b")).deep.equal(
        journalRow("b", { state, problem: "nobody is there" }),
      );
      expect(await idsOf(store())).deep.equal(["a", "b", "c"]);
    });
  }

  it("moving and removing what is gone is no fault", async () => {
    await store().journal.move("a", { state: "stored", problem: undefined });
    await store().journal.remove("a");
    expect(await store().journal.list({})).deep.equal([]);
  });

  it("counts: rows by state, direction and AOR", async () => {
    expect(await store().journal.counts()).deep.equal([]);
    const rows = [
      journalRow("a"),
      journalRow("b", { state: "stored" }),
      journalRow("c", { state: "stored" }),
      journalRow("d", { state: "stored", aor: "bob@sip.test" }),
      journalRow("e", { state: "stored", direction: "to-xmpp" }),
      journalRow("f", { direction: "to-xmpp" }),
    ];
    await Promise.all(rows.map((row) => store().journal.add(row)));
    await store().journal.move("a", { state: "set-aside", problem: "too old" });
    expect(await store().journal.counts()).have.deep.members([
      { state: "accepted", direction: "to-xmpp", aor: "alice@sip.test", rows: 1 },
      { state: "set-aside", direction: "to-sip", aor: "alice@sip.test", rows: 1 },
      { state: "stored", direction: "to-sip", aor: "alice@sip.test", rows: 2 },
      { state: "stored", direction: "to-sip", aor: "bob@sip.test", rows: 1 },
      { state: "stored", direction: "to-xmpp", aor: "alice@sip.test", rows: 1 },
    ]);
  });
}

const FILTERS: readonly { readonly title: string; readonly filter: JournalFilter; readonly ids: string }[] = [
  { title: "nothing: every row", filter: {}, ids: "abcdefghijkl" },
  { title: "a direction", filter: { direction: "to-xmpp" }, ids: "bdfhjl" },
  { title: "an AOR", filter: { aor: "bob@sip.test" }, ids: "ghijkl" },
  { title: "an AOR in another case", filter: { aor: "BOB@sip.test" }, ids: "" },
  { title: "a time", filter: { acceptedBefore: 103 }, ids: "abc" },
  { title: "a limit", filter: { limit: 3 }, ids: "abc" },
  { title: "a limit of 0", filter: { limit: 0 }, ids: "" },
  { title: "a row", filter: { after: "j" }, ids: "kl" },
  { title: "no state at all", filter: { states: [] }, ids: "" },
  { title: "several states", filter: { states: ["failed", "accepted"] }, ids: "adgj" },
  { title: "a state twice", filter: { states: ["stored", "stored"] }, ids: "bh" },
  { title: "every state", filter: { states: STATES }, ids: "abcdefghijkl" },
  { title: "a state and a time", filter: { states: ["stored"], acceptedBefore: 107 }, ids: "b" },
  { title: "a state and its time, which is not before", filter: { states: ["stored"], acceptedBefore: 101 }, ids: "" },
  {
    title: "states, an AOR, a row and a limit",
    filter: { states: STATES, aor: "bob@sip.test", after: "h", limit: 2 },
    ids: "ij",
  },
  {
    title: "all of it",
    filter: {
      states: ["stored", "failed"],
      direction: "to-xmpp",
      aor: "bob@sip.test",
      after: "a",
      acceptedBefore: 200,
      limit: 9,
    },
    ids: "hj",
  },
];

/** Twelve rows: each state twice, every second one to XMPP, half of them Alice's and half of them Bob's. */
export function describeJournalFilter(store: () => Store): void {
  beforeEach(async () => {
    const rows = [..."abcdefghijkl"].map((id, index) =>
      journalRow(id, {
        state: STATES[index % STATES.length] ?? "accepted",
        direction: index % 2 === 0 ? "to-sip" : "to-xmpp",
        aor: index < 6 ? "alice@sip.test" : "bob@sip.test",
        acceptedAt: 100 + index,
      }),
    );
    await Promise.all(rows.map((row) => store().journal.add(row)));
  });

  for (const { title, filter, ids } of FILTERS) {
    it(`by ${title}: ${ids === "" ? "none" : ids}`, async () => {
      expect((await idsOf(store(), filter)).join("")).equal(ids);
    });
  }
}

export function describeJournalPages(store: () => Store, reopened: () => Promise<Store>): void {
  const page: JournalFilter = { states: ["stored"], aor: "alice@sip.test", limit: 2 };
  const add = async (...ids: readonly string[]): Promise<void> => {
    for (const id of ids) await store().journal.add(journalRow(id, { state: "stored" }));
  };
  const gone = async (...ids: readonly string[]): Promise<void> => {
    for (const id of ids) await store().journal.remove(id);
  };

  it("the next page begins behind the last row of the one before, though that is gone", async () => {
    await add("a", "b", "c", "d", "e");
    expect(await idsOf(store(), page)).deep.equal(["a", "b"]);
    await gone("a", "b");
    expect(await idsOf(store(), { ...page, after: "b" })).deep.equal(["c", "d"]);
    await gone("d");
    expect(await idsOf(store(), { ...page, after: "d" })).deep.equal(["e"]);
  });

  it("or though that has another state by now", async () => {
    await add("a", "b", "c");
    expect(await idsOf(store(), page)).deep.equal(["a", "b"]);
    await store().journal.move("b", { state: "accepted", problem: undefined });
    expect(await idsOf(store(), { ...page, after: "b" })).deep.equal(["c"]);
  });

  it("a row that is added when all before it are gone is on the next page", async () => {
    await add("a", "b");
    expect(await idsOf(store(), page)).deep.equal(["a", "b"]);
    await gone("a", "b");
    await add("c");
    expect(await idsOf(store(), { ...page, after: "b" })).deep.equal(["c"]);
  });

  it("none is left out or read twice when a clock was set back between two runs", async () => {
    await add("x", "y", "z");
    await reopened();
    await add("a", "b", "c");
    expect(await idsOf(store(), page)).deep.equal(["x", "y"]);
    await gone("x", "y");
    expect(await idsOf(store(), { ...page, after: "y" })).deep.equal(["z", "a"]);
    await gone("a");
    expect(await idsOf(store(), { ...page, after: "a" })).deep.equal(["b", "c"]);
  });

  it("a row that is gone and ended no page has the place that its id tells", async () => {
    await add("a", "b", "c", "d");
    await gone("b");
    expect(await idsOf(store(), { ...page, after: "b" })).deep.equal(["c", "d"]);
    expect(await idsOf(store(), { ...page, after: "" })).deep.equal(["a", "c"]);
  });
}

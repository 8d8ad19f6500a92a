import { expect } from "chai";
import type { JournalState } from "../../../store/port.ts";
import { FakeClock } from "../../sip/fake-clock.ts";
import { imWith, settled, turn } from "./delivery-world.ts";
import { memoryJournal } from "./memory-journal.ts";

function setUp() {
  const clock = new FakeClock();
  return { clock, ...memoryJournal(clock) };
}

/** Of each state: whether something is under way for such a row, which is what the next start takes up. */
// biome-ignore format: table
const STATES: readonly { readonly state: JournalState; readonly underWay: boolean }[] = [
  { state: "accepted",  underWay: true },
  { state: "confirmed", underWay: true },
  { state: "failed",    underWay: true },
  { state: "expired",   underWay: true },
  { state: "stored",    underWay: false },
  { state: "set-aside", underWay: false },
];

describe("the journal", () => {
  for (const { state, underWay } of STATES) {
    it(`a row in state ${state} is ${underWay ? "under way, and taken up by the next start" : "at rest"}`, async () => {
      const { journal, rows, clock } = setUp();
      const { row, written } = journal.accept("to-sip", "conv1", imWith("a"), { state });
      await written;
      expect(journal.count).to.equal(underWay ? 1 : 0);
      const next = memoryJournal(clock, rows).journal;
      expect((await next.open()).rows).to.deep.equal(underWay ? [row] : []);
      expect(next.count).to.equal(underWay ? 1 : 0);
    });

    it(`a row that moves to ${state} ${underWay ? "counts" : "counts no longer"}, and keeps its IM`, async () => {
      const { journal } = setUp();
      const accepted = imWith("a");
      const { row } = journal.accept("to-sip", "conv1", accepted);
      const moved = journal.move(row, state, "a reason");
      await moved.written;
      expect(journal.count).to.equal(underWay ? 1 : 0);
      expect(moved.row).to.deep.equal({ ...row, state, problem: "a reason" });
      expect(await journal.find(row.id)).to.deep.equal(moved.row);
    });
  }

  it("gives rows back in the order in which they were accepted, also of one millisecond", async () => {
    const { journal, clock } = setUp();
    for (let n = 0; n < 30; n += 1) {
      journal.accept("to-sip", "conv1", imWith(String(n)));
      if (n % 10 === 9) clock.advance(1);
    }
    await turn();
    const rows = await journal.rows({});
    expect(rows.map(({ accepted }) => accepted.stanzaId)).to.deep.equal(
      Array.from({ length: 30 }, (_, n) => String(n)),
    );
    expect(rows.map(({ id }) => id)).to.deep.equal(rows.map(({ id }) => id).sort());
  });

  it("a settled row is gone for everybody at once, and leaves the disk with the others of its 20 ms", async () => {
    const { journal, rows, clock } = setUp();
    const [one, two] = ["a", "b"].map((id) => journal.accept("to-sip", "conv1", imWith(id)).row);
    if (one === undefined || two === undefined) throw new Error("two rows");
    await turn();
    journal.settle(one);
    journal.settle(one);
    expect(await journal.find(one.id)).to.equal(undefined);
    expect((await journal.rows({})).map(({ id }) => id)).to.deep.equal([two.id]);
    expect(journal.count).to.equal(1);
    clock.advance(19);
    journal.settle(two);
    await turn();
    expect(rows.size).to.equal(2);
    clock.advance(1);
    await turn();
    expect(rows.size).to.equal(0);
    expect(clock.pending).to.equal(0);
  });

  it("a page is as long as was asked for, whatever has been settled of it", async () => {
    const { journal } = setUp();
    const rows = Array.from({ length: 5 }, (_, n) => journal.accept("to-sip", "conv1", imWith(String(n))).row);
    await turn();
    for (const row of rows.slice(0, 2)) journal.settle(row);
    expect((await journal.rows({ limit: 2 })).map(({ accepted }) => accepted.stanzaId)).to.deep.equal(["2", "3"]);
  });

  it("a close takes what is settled off the disk first", async () => {
    const { journal, rows, clock } = setUp();
    journal.settle(journal.accept("to-sip", "conv1", imWith("a")).row);
    await turn();
    await journal.close();
    expect(rows.size).to.equal(0);
    expect(clock.pending).to.equal(0);
  });

  it("a row that the disk does not take is none; one that it does not move keeps its old state there", async () => {
    const { journal, disk } = setUp();
    const { row } = journal.accept("to-sip", "conv1", imWith("a"));
    await turn();
    disk.broken = true;
    const lost = journal.accept("to-sip", "conv1", imWith("b"));
    expect(await lost.written.catch(() => "refused")).to.equal("refused");
    const moved = journal.move(row, "failed");
    expect(await moved.written.catch(() => "refused")).to.equal("refused");
    expect((await journal.rows({})).map(({ id, state }) => ({ id, state }))).to.deep.equal([
      { id: row.id, state: "accepted" },
    ]);
  });

  it("a row that cannot be read is told by its id, left on disk and left out of what is listed", async () => {
    const { journal, rows, clock } = setUp();
    const { row } = journal.accept("to-sip", "conv1", imWith("a"));
    await turn();
    const record = rows.get(row.id);
    if (record !== undefined) rows.set(row.id, { ...record, payload: "{" });
    const next = memoryJournal(clock, rows).journal;
    expect(await next.open()).to.deep.equal({ rows: [], unreadable: [row.id] });
    expect(await next.rows({})).to.deep.equal([]);
    expect(await next.find(row.id)).to.equal(undefined);
    await settled(clock);
    expect(rows.size).to.equal(1);
  });
});

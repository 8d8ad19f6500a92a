import { expect } from "chai";
import type { JournalRow } from "../../../gateway/delivery/journal.ts";
import { SetAside } from "../../../gateway/delivery/set-aside.ts";
import { type DeliveryWorld, deliveryWorld, imWith, turn } from "./delivery-world.ts";

const DAY = 24 * 3_600_000;
const HOUR = 3_600_000;

describe("IMs that the other side could not read", () => {
  /** Alice's phone answers 400 to Juliet's IM. */
  async function unreadable(): Promise<DeliveryWorld> {
    const world = await deliveryWorld();
    world.delivery.xmppToSip.deliver(imWith("a"), "conv1");
    world.engine.sent[0]?.answer(400, { reason: "Bad Request" });
    await turn();
    return world;
  }

  it("RFC 3261 §21.4.1: a 400 is told to the sender first, then the IM is set aside with the reason", async () => {
    const { link, states, journal, counters, settled } = await unreadable();
    expect(link.sent[0]?.stanza.getChild("error")?.getChild("bad-request")).to.not.equal(undefined);
    expect(states()).to.deep.equal(["failed"]);
    link.sent[0]?.settle({ outcome: "processed" });
    await settled();
    const rows = await journal.rows({});
    expect(rows.map(({ state, problem, accepted }) => ({ state, problem, id: accepted.stanzaId }))).to.deep.equal([
      { state: "set-aside", problem: "SIP 400 Bad Request", id: "a" },
    ]);
    expect(journal.count).to.equal(0);
    expect(counters.snapshot()).to.include({ "im.set-aside": 1 });
  });

  it("one that a phone does not answer with 400 is not set aside", async () => {
    const { engine, link, rows, delivery, settled } = await deliveryWorld();
    delivery.xmppToSip.deliver(imWith("a"), "conv1");
    engine.sent[0]?.answer(488);
    await turn();
    link.sent[0]?.settle({ outcome: "processed" });
    await settled();
    expect(rows.size).to.equal(0);
  });

  it("are left alone by a restart: their senders have been told", async () => {
    const { link, rows } = await unreadable();
    link.sent[0]?.settle({ outcome: "processed" });
    await turn();
    const next = await deliveryWorld({ rows });
    await next.delivery.start();
    expect((await next.journal.open()).rows).to.deep.equal([]);
    await next.wait(HOUR);
    expect(next.engine.sent).to.deep.equal([]);
    expect(next.states()).to.deep.equal(["set-aside"]);
  });
});

describe("how long they are kept", () => {
  async function setUp() {
    const world = await deliveryWorld();
    const setAside = new SetAside(world);
    const problems = async () => (await world.journal.rows({ states: ["set-aside"] })).map(({ problem }) => problem);
    return { ...world, setAside, problems };
  }

  it("thirty days from when they came", async () => {
    const { setAside, problems, clock, wait, settled } = await setUp();
    setAside.add("conv1", imWith("a", { acceptedAt: clock.now() }), "old");
    setAside.add("conv1", imWith("b", { acceptedAt: clock.now() + DAY }), "young");
    setAside.start();
    await wait(30 * DAY);
    await settled();
    expect(await problems()).to.deep.equal(["old", "young"]);
    await wait(HOUR);
    await settled();
    expect(await problems()).to.deep.equal(["young"]);
  });

  it("the latest thousand; the oldest go first", async () => {
    const { setAside, problems, wait, settled } = await setUp();
    for (let n = 0; n < 1_003; n += 1) setAside.add("conv1", imWith(String(n)), String(n));
    setAside.start();
    await settled();
    await wait(HOUR);
    await settled();
    const kept = await problems();
    expect(kept).to.have.length(1_000);
    expect([kept[0], kept.at(-1)]).to.deep.equal(["3", "1002"]);
  });

  it("no longer looked through after a stop", async () => {
    const { setAside, problems, clock, wait, settled } = await setUp();
    setAside.start();
    setAside.stop();
    setAside.add("conv1", imWith("a", { acceptedAt: clock.now() }), "old");
    await wait(31 * DAY);
    await settled();
    expect(await problems()).to.deep.equal(["old"]);
  });

  it("a row that the disk does not take is lost to the operator alone", async () => {
    const { setAside, journal, disk } = await setUp();
    disk.broken = true;
    setAside.add("conv1", imWith("a"), "it ends the stream");
    await turn();
    expect(journal.count).to.equal(0);
    disk.broken = false;
    const { row } = journal.accept("to-sip", "conv1", imWith("b"));
    setAside.put(row satisfies JournalRow, "SIP 400 Bad Request");
    await turn();
    expect((await journal.find(row.id))?.state).to.equal("set-aside");
  });
});

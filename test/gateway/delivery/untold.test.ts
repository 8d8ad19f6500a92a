import { expect } from "chai";
import { failedBy, Untold } from "../../../gateway/delivery/untold.ts";
import { deliveryWorld, imWith, turn } from "./delivery-world.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** 30 days, and the 7 of im.offline-expiry that an IM may have waited before it failed. */
const KEPT_MS = 37 * DAY_MS;

const STATES = ["accepted", "stored", "confirmed", "failed", "expired", "set-aside"] as const;

/** A row in each state, and the sweeps as if they were in the house. */
async function setUp() {
  const world = await deliveryWorld({ contacts: [] });
  for (const state of STATES) world.journal.accept("to-sip", "conv1", imWith(state), { state });
  await turn();
  const untold = new Untold(world);
  untold.start();
  return { ...world, untold, lost: () => world.counters.snapshot()["failure-messages.lost"] };
}

describe("failed IMs whose senders never come back to be told", () => {
  it("are kept for 30 days and for as long as they may have been stored", async () => {
    const { wait, clock, states, lost } = await setUp();
    clock.advance(KEPT_MS - HOUR_MS);
    await wait(HOUR_MS);
    expect(states()).to.deep.equal(STATES);
    expect(lost()).to.equal(0);
  });

  it("then leave the journal and are counted as lost; rows of other states stay", async () => {
    const { wait, settled, states, lost } = await setUp();
    await wait(KEPT_MS);
    await wait(HOUR_MS);
    await settled();
    expect(states()).to.deep.equal(["accepted", "stored", "confirmed", "set-aside"]);
    expect(lost()).to.equal(2);
  });

  it("1000 in a sweep, the rest an hour later", async () => {
    const { journal, wait, settled, rows, lost } = await setUp();
    for (let index = 0; index < 1_000; index += 1) {
      journal.accept("to-xmpp", "conv1", imWith(`f${index}`), { state: "failed" });
    }
    await wait(KEPT_MS);
    await wait(HOUR_MS);
    await settled();
    expect([lost(), rows.size]).to.deep.equal([1_000, 6]);
    await wait(HOUR_MS);
    await settled();
    expect([lost(), rows.size]).to.deep.equal([1_002, 4]);
  });

  it("are left alone once it has stopped", async () => {
    const { untold, wait, states } = await setUp();
    untold.stop();
    await wait(KEPT_MS + HOUR_MS);
    expect(states()).to.deep.equal(STATES);
  });

  it("one to SIP failed when im.offline-expiry was over at the latest, one to XMPP when it was accepted", async () => {
    const { journal, parameters, set } = await setUp();
    await set("im.offline-expiry", "60");
    const acceptedAt = 1_000;
    const rowOf = (direction: "to-sip" | "to-xmpp") =>
      journal.accept(direction, "conv1", imWith("a", { acceptedAt }), { state: "failed" }).row;
    expect(failedBy(rowOf("to-sip"), parameters)).to.equal(61_000);
    expect(failedBy(rowOf("to-xmpp"), parameters)).to.equal(1_000);
  });
});

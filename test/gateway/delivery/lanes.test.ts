import { expect } from "chai";
import { Lanes } from "../../../gateway/delivery/lanes.ts";

/** A job that ends when it is told to. */
function job(log: string[], name: string) {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const run = async () => {
    log.push(`${name} begins`);
    await ended;
    log.push(`${name} ends`);
  };
  return { run, end };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("lanes: one after the other within a conversation, side by side across them", () => {
  it("the next job of a lane begins when the one before has ended", async () => {
    const log: string[] = [];
    const lanes = new Lanes();
    const [one, two, other] = [job(log, "1"), job(log, "2"), job(log, "other")];
    lanes.enter("a", one.run);
    lanes.enter("a", two.run);
    lanes.enter("b", other.run);
    await turn();
    expect(log).to.deep.equal(["1 begins", "other begins"]);
    one.end();
    await turn();
    expect(log).to.deep.equal(["1 begins", "other begins", "1 ends", "2 begins"]);
    other.end();
    two.end();
    await lanes.whenIdle();
    expect(lanes.busy).to.equal(0);
    expect(log.slice(-2)).to.have.members(["2 ends", "other ends"]);
  });

  it("a full lane refuses, the others go on", async () => {
    const lanes = new Lanes();
    const log: string[] = [];
    const first = job(log, "first");
    lanes.enter("a", first.run);
    let waiting = 0;
    while (lanes.enter("a", async () => {})) waiting += 1;
    expect(waiting).to.equal(1_000);
    expect(lanes.enter("b", async () => {})).to.equal(true);
    first.end();
    await lanes.whenIdle();
    expect(lanes.enter("a", async () => {})).to.equal(true);
    await lanes.whenIdle();
  });
});

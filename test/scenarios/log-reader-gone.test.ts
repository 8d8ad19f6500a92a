import { expect } from "chai";
import { BothSides, expectService } from "./both-sides.ts";

/** As when `parley serve 2>&1 | tee log` is ended with Ctrl-C, which reaches both. */
describe("Nobody reads the gateway's log any more", () => {
  let sides: BothSides;

  beforeEach(async () => {
    sides = await BothSides.start({ users: ["alice"], people: ["juliet"] });
  });
  afterEach(() => sides.stop());

  it("it goes on with its work", async () => {
    const alice = await sides.registeredPhone("alice");
    const juliet = await sides.client("juliet");
    sides.gateway.process.closeOutput();
    for (let turn = 0; turn < 3; turn += 1) await expectService(alice, juliet);
  });

  it("it ends in order when it is told to", async () => {
    sides.gateway.process.closeOutput();
    await sides.gateway.end("SIGTERM");
    expect(sides.gateway.process.exitCode).to.equal(0);
  });
});

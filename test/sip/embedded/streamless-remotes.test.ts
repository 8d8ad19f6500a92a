import { expect } from "chai";
import { StreamlessRemotes } from "../../../sip/embedded/streamless-remotes.ts";

const ONE = { address: "192.0.2.1", port: 5060 };
const OTHER = { address: "192.0.2.1", port: 5061 };
const THIRD = { address: "2001:db8::1", port: 5060 };

describe("the remotes that take no TCP connection", () => {
  it("are remembered by address and port for ten minutes", () => {
    let nowMs = 0;
    const remotes = new StreamlessRemotes(10, () => nowMs);
    remotes.add(ONE);
    expect(remotes.has(ONE)).to.equal(true);
    expect(remotes.has(OTHER)).to.equal(false);
    nowMs = 599_999;
    expect(remotes.has(ONE)).to.equal(true);
    nowMs = 600_000;
    expect(remotes.has(ONE)).to.equal(false);
  });

  it("the oldest is forgotten when there are too many", () => {
    const remotes = new StreamlessRemotes(2, () => 0);
    for (const remote of [ONE, OTHER, ONE, THIRD]) remotes.add(remote);
    expect([ONE, OTHER, THIRD].map((remote) => remotes.has(remote))).to.deep.equal([true, false, true]);
  });
});

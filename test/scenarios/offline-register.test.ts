import { expect } from "chai";
import type { RawPhone } from "../peers/raw-phone.ts";
import { statusOf } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import { BothSides, chat } from "./both-sides.ts";
import { untilStored } from "./waiting.ts";

describe("RFC 3261 §10.3: a phone registers for which something waits: on the wire its 200 comes first", () => {
  let sides: BothSides;

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob", "carol"], people: ["juliet"] });
  });
  after(() => sides.stop());

  /** What comes from the REGISTER on until this text: bodies, and the start lines of what has none. */
  const afterRegister = async (phone: RawPhone, text: string): Promise<readonly string[]> => {
    const before = phone.wire.received.length;
    await phone.register();
    await waitFor(text, () => phone.texts.includes(text));
    return phone.wire.received.slice(before).map(({ startLine, body }) => body.toString() || startLine);
  };

  it("messages for its user, in order", async () => {
    const juliet = await sides.client("juliet");
    for (const text of ["one", "two"]) await juliet.send(chat("alice@sip.test", text));
    await untilStored(sides, "alice@sip.test", 2);
    const alice = await sides.phone("alice", { transport: "tcp" });
    const received = await afterRegister(alice, "two");
    expect(received).to.deep.equal(["SIP/2.0 401 Unauthorized", "SIP/2.0 200 OK", "one", "two"]);
  });

  it("the failure of a message that its user sent", async () => {
    const bob = await sides.phone("bob", { transport: "tcp" });
    expect(statusOf(await bob.message("carol@sip.test", "Good morrow"))).to.equal(202);
    const [row] = await untilStored(sides, "carol@sip.test", 1);
    await sides.gateway.json(["message", "drop", row?.id ?? ""]);
    await sides.gateway.process.untilOutput(/"failure not told yet: nobody took it"/);
    const text = "Your IM could not be delivered. The administrator has removed the message “Good morrow”";
    expect(await afterRegister(bob, text)).to.deep.equal(["SIP/2.0 200 OK", text]);
  });
});

import { expect } from "chai";
import type { Baresip } from "../peers/baresip.ts";
import type { Linphone } from "../peers/linphone.ts";
import { statusOf } from "../peers/raw-sip.ts";
import type { Slixmpp } from "../peers/slixmpp.ts";
import { BothSides } from "./both-sides.ts";
import { baresipOf, linphoneOf, slixmppOf } from "./real-clients.ts";

const ALICE = "alice@sip.test";

describe("Alice has two phones, Linphone and baresip, registered at the same time", () => {
  let sides: BothSides;
  let linphone: Linphone;
  let baresip: Baresip;
  let juliet: Slixmpp;

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob"], people: ["juliet"] });
    juliet = await slixmppOf(sides, "juliet");
    linphone = await linphoneOf(sides, "alice");
    baresip = await baresipOf(sides, "alice", { contacts: ["sip:juliet@xmpp.test"] });
  });
  after(() => sides.stop());

  it("a message from XMPP reaches both", async () => {
    juliet.send({ to: ALICE, body: "juliet to both" });
    await linphone.received("juliet to both");
    await baresip.received("juliet to both");
  });

  it("a message from another SIP user reaches both, and is answered once", async () => {
    const bob = await sides.registeredPhone("bob");
    expect(statusOf(await bob.message(ALICE, "bob to both"))).to.equal(200);
    await linphone.received("bob to both");
    await baresip.received("bob to both");
    expect(bob.wire.received.filter((each) => statusOf(each) === 200)).to.have.lengthOf(2); // REGISTER, MESSAGE
  });

  it("she writes from either, as the same person and in the same conversation", async () => {
    linphone.send("sip:juliet@xmpp.test", "from the one");
    await baresip.send("sip:juliet@xmpp.test", "from the other");
    const one = await juliet.received("from the one");
    const other = await juliet.received("from the other");
    expect([one.from, other.from]).to.deep.equal([ALICE, ALICE]);
    expect(one.thread).to.equal(other.thread);
  });

  it("one phone has lost its power: the other still gets every message, at once, and no error comes back", async () => {
    await linphone.kill();
    for (const body of ["one of three", "two of three", "three of three"]) juliet.send({ to: ALICE, body });
    for (const text of ["one of three", "two of three", "three of three"]) await baresip.received(text);
    expect(juliet.messages.filter(({ type }) => type === "error")).to.deep.equal([]);
  });
});

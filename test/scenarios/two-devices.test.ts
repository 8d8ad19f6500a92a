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
    const one = await juliet.received("from the one");
    await baresip.send("sip:juliet@xmpp.test", "from the other");
    const other = await juliet.received("from the other");
    expect([one.from, other.from]).to.deep.equal([ALICE, ALICE]);
    expect(one.thread).to.equal(other.thread);
  });

  /** They reach the baresip, and no error comes back. */
  const writeThree = async (what: string): Promise<void> => {
    const texts = ["one", "two", "three"].map((number) => `${number} of three, ${what}`);
    for (const body of texts) juliet.send({ to: ALICE, body });
    for (const text of texts) await baresip.received(text);
    expect(juliet.messages.filter(({ type }) => type === "error")).to.deep.equal([]);
  };

  describe("one phone has lost its power", () => {
    before(() => linphone.kill());

    it("the one that she replied from last is the other: that one gets every message", () =>
      writeThree("to the phone that replied"));

    it("she has begun anew, and every phone is asked: the other gets every message", async () => {
      await sides.closeConversationOf(ALICE);
      await writeThree("to both");
    });
  });
});

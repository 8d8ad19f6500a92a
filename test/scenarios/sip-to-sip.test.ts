import { expect } from "chai";
import type { Baresip } from "../peers/baresip.ts";
import type { Linphone } from "../peers/linphone.ts";
import { reasonOf, statusOf } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import { BothSides } from "./both-sides.ts";
import { baresipOf, linphoneOf } from "./real-clients.ts";

const ALICE = "sip:alice@sip.test";
const BOB = "sip:bob@sip.test";

/** RFC 3428 §5, RFC 3261 §16: the gateway is their proxy, and what the phones answer is what the senders get. */
describe("Two SIP users write to each other", () => {
  let sides: BothSides;
  let alice: Linphone;
  let bob: Baresip;

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob", "carol", "dave"], people: [] });
    alice = await linphoneOf(sides, "alice", { transport: "tcp" });
    bob = await baresipOf(sides, "bob", { contacts: [ALICE, "sip:carol@sip.test", "sip:nobody@sip.test"] });
  });
  after(() => sides.stop());

  const storedFor = async (aor: string): Promise<number> =>
    (await sides.gateway.json<{ total: number }>(["message", "list", "--state", "stored", "--user", aor])).total;

  it("Linphone over TCP to baresip over UDP, and back", async () => {
    const sent = alice.send(BOB, "Grüße 👩‍🚀 & <Küsse>");
    expect(await bob.received("Grüße 👩‍🚀 & <Küsse>")).to.include({ from: ALICE });
    expect(await alice.delivery(sent, "delivered", "not-delivered")).to.equal("delivered");

    await bob.send(ALICE, "Zurück 👍🏽 & <b>gern</b>");
    expect(await alice.received("Zurück 👍🏽 & <b>gern</b>")).to.include({ from: BOB });
  });

  it("RFC 3428 §7: to a user who is not registered: 202, Linphone shows it as delivered and baresip no failure", async () => {
    const failures = bob.screen;
    await bob.send("sip:carol@sip.test", "Are you there?");
    const sent = alice.send("sip:carol@sip.test", "Are you there?");
    expect(await alice.delivery(sent, "delivered", "not-delivered")).to.equal("delivered");
    await waitFor("both to be stored", async () => (await storedFor("carol@sip.test")) === 2);
    expect(bob.screen).to.equal(failures);
  });

  it("to a user who does not exist: baresip shows 404, Linphone that it was not delivered", async () => {
    await bob.send("sip:nobody@sip.test", "Are you there?");
    expect(await bob.failure()).to.equal("404 Your IM could not be delivered. There is no such user");
    const sent = alice.send("sip:nobody@sip.test", "Are you there?");
    expect(await alice.delivery(sent, "delivered", "not-delivered")).to.equal("not-delivered");
  });

  it("the answer of the phone itself goes back: 486", async () => {
    const carol = await sides.registeredPhone("carol");
    await waitFor("carol to get what waited for her", async () => (await storedFor("carol@sip.test")) === 0);
    const dave = await sides.registeredPhone("dave");
    carol.answer = () => 486;
    const response = await dave.message("carol@sip.test", "Have you a minute?");
    expect([statusOf(response), reasonOf(response)]).to.deep.equal([486, "No"]);
  });

  it("both write at the same time: every message arrives, and none twice", async () => {
    const numbers = Array.from({ length: 10 }, (_, number) => `number ${number}`);
    const sent = numbers.map((text) => alice.send(BOB, `alice: ${text}`));
    for (const text of numbers) await bob.send(ALICE, `bob: ${text}`);
    for (const id of sent) expect(await alice.delivery(id, "delivered", "not-delivered")).to.equal("delivered");
    for (const text of numbers) {
      await bob.received(`alice: ${text}`);
      await alice.received(`bob: ${text}`);
    }
    expect(alice.messages.filter(({ text }) => text?.startsWith("bob: "))).to.have.lengthOf(numbers.length);
    expect(bob.screen.match(/"alice: number/g)).to.have.lengthOf(numbers.length);
  });
});

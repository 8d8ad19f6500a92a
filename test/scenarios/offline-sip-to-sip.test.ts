import { expect } from "chai";
import type { Linphone } from "../peers/linphone.ts";
import { statusOf } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import { BothSides, chat } from "./both-sides.ts";
import { baresipOf, linphoneOf } from "./real-clients.ts";
import { letWait, untilStored } from "./waiting.ts";

describe("A SIP user writes to another whose phone is off", () => {
  let sides: BothSides;
  let alice: Linphone;

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob", "carol", "dave", "erin"], people: ["juliet"] });
    alice = await linphoneOf(sides, "alice");
  });
  after(() => sides.stop());

  it("RFC 3428 §7: Linphone's messages are answered 202 and come to baresip when it registers, in order", async () => {
    for (const text of ["one", "two", "three"]) {
      expect(await alice.delivery(alice.send("sip:bob@sip.test", text), "delivered", "not-delivered")).to.equal(
        "delivered",
      );
    }
    await untilStored(sides, "bob@sip.test", 3);
    const bob = await baresipOf(sides, "bob", { contacts: ["sip:alice@sip.test"] });
    expect(await bob.received("three")).to.include({ from: "sip:alice@sip.test" });
    expect(bob.screen.match(/"(one|two|three)"/g)).to.deep.equal(['"one"', '"two"', '"three"']);
    await bob.send("sip:alice@sip.test", "all three are here");
    await alice.received("all three are here");
    await bob.stop();
  });

  it("RFC 5438 §7.2: to a Linphone: when it has it, the Linphone that sent it shows that, for they still agree on its name", async () => {
    const sent = alice.send("sip:erin@sip.test", "Sleep dwell upon thine eyes");
    expect(await alice.delivery(sent, "delivered", "not-delivered")).to.equal("delivered");
    await untilStored(sides, "erin@sip.test", 1);
    const erin = await linphoneOf(sides, "erin");
    expect(await erin.received("Sleep dwell upon thine eyes")).to.include({ from: "sip:alice@sip.test" });
    await alice.delivery(sent, "delivered-to-user");
  });

  it("nobody comes for them: baresip shows a message from the recipient that says so and quotes it", async () => {
    await sides.gateway.json(["param", "set", "im.offline-expiry", "3600"]);
    const bob = await baresipOf(sides, "bob", { contacts: ["sip:carol@sip.test"] });
    await bob.send("sip:carol@sip.test", "Wherefore art thou?");
    await untilStored(sides, "carol@sip.test", 1);
    await letWait(sides.gateway, { hours: 2 });
    const why = "Your IM could not be delivered. The user did not come back in time “Wherefore art thou?”";
    expect(await bob.received(why)).to.include({ from: "sip:carol@sip.test" });
    await untilStored(sides, "carol@sip.test", 0);
  });

  it("im-gateway.status off: what waits from XMPP goes on waiting, and holds up nothing within SIP", async () => {
    const juliet = await sides.client("juliet");
    const carol = await sides.registeredPhone("carol");
    await juliet.send(chat("dave@sip.test", "from Juliet"));
    expect(statusOf(await carol.message("dave@sip.test", "from Carol"))).to.equal(202);
    await untilStored(sides, "dave@sip.test", 2);
    await sides.gateway.json(["param", "set", "im-gateway.status", "off"]);
    const dave = await sides.registeredPhone("dave");
    await waitFor("what is within SIP", () => dave.texts.includes("from Carol"));
    await untilStored(sides, "dave@sip.test", 1);
    expect(statusOf(await carol.message("dave@sip.test", "once more"))).to.equal(200);
    expect(dave.texts).to.deep.equal(["from Carol", "once more"]);

    await sides.gateway.json(["param", "reset", "im-gateway.status"]);
    await waitFor("the rest", () => dave.texts.includes("from Juliet"));
    expect(dave.texts).to.deep.equal(["from Carol", "once more", "from Juliet"]);
  });
});

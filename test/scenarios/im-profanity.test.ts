import { expect } from "chai";
import type { Profanity } from "../peers/profanity.ts";
import type { RawPhone } from "../peers/raw-phone.ts";
import { statusOf } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import { BothSides } from "./both-sides.ts";
import { profanityOf } from "./real-clients.ts";

describe("A person sits before profanity", () => {
  let sides: BothSides;
  let juliet: Profanity;
  let alice: RawPhone;

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob"], people: ["juliet"] });
    juliet = await profanityOf(sides, "juliet");
    alice = await sides.registeredPhone("alice");
  });
  after(() => sides.stop());

  it("reads what a SIP user writes, and answers it", async () => {
    await juliet.openChat("alice@sip.test");
    expect(statusOf(await alice.message("juliet@xmpp.test", "Wherefore art thou, Jülîèt?"))).to.equal(200);
    await juliet.sees(/Wherefore art thou, Jülîèt\?/);

    await juliet.type("Hier, auf dem Balkon 🌙 & ganz <allein>");
    await waitFor("alice to get it", () => alice.texts.includes("Hier, auf dem Balkon 🌙 & ganz <allein>"));
  });

  it("sees an error when the SIP user is not registered and nothing is to be stored", async () => {
    await sides.gateway.json(["param", "set", "im.suppress-offline", "on"]);
    await juliet.openChat("bob@sip.test");
    await juliet.type("Good morrow, bob.");
    await juliet.sees(
      /! Error from bob@sip\.test: Your IM could not be delivered\. The user is not registered with any device/,
    );
  });

  it("sees an error when there is no such SIP user", async () => {
    await juliet.openChat("nobody@sip.test");
    await juliet.type("Good morrow, nobody.");
    await juliet.sees(/! Error from nobody@sip\.test: Your IM could not be delivered\. There is no such user/);
  });
});

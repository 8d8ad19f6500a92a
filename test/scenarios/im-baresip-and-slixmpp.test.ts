import { expect } from "chai";
import type { Baresip } from "../peers/baresip.ts";
import type { Slixmpp } from "../peers/slixmpp.ts";
import { BothSides } from "./both-sides.ts";
import { baresipOf, slixmppOf } from "./real-clients.ts";

const JULIET = "sip:juliet@xmpp.test";
const TO_JULIET = /^juliet@xmpp\.test(?:\/|$)/; // the person, and once she has replied the client that she replied from
const NOBODY = "sip:nobody@xmpp.test";
const ELSEWHERE = "sip:romeo@elsewhere.test";

/** COMPAT(baresip 1.0): it registers at all only because it is offered MD5 alone; it gives up on a challenge with SHA-256. */
describe("A person with baresip and a person with an XMPP client write to each other", () => {
  let sides: BothSides;
  let bob: Baresip;
  let juliet: Slixmpp;

  before(async () => {
    sides = await BothSides.start({ users: ["bob"], people: ["juliet"] });
    juliet = await slixmppOf(sides, "juliet");
    bob = await baresipOf(sides, "bob", { contacts: [JULIET, NOBODY, ELSEWHERE] });
  });
  after(() => sides.stop());

  for (const text of [
    "Good night, good night!",
    "Grüße aus Köln, приве́т, こんにちは, 👩‍🚀 👍🏽",
    `<b>1 < 2 && 3 > 2</b> &amp; "quoted" 'too' ]]>`,
    "first\n\n  second\nthird",
  ]) {
    it(`sends and receives ${JSON.stringify(text)}`, async () => {
      await bob.send(JULIET, text);
      const heard = await juliet.received(text);
      expect(heard).to.include({ from: "bob@sip.test", type: "chat" });
      expect(heard.to).to.match(TO_JULIET);

      juliet.send({ to: "bob@sip.test", body: `juliet: ${text}` });
      expect(await bob.received(`juliet: ${text}`)).to.include({ from: JULIET });
    });
  }

  it("sees why a message did not arrive: a person that the XMPP server does not know", async () => {
    await bob.send(NOBODY, "Is anybody there?");
    expect(await bob.failure()).to.equal("403 Your IM could not be delivered. Forbidden (service-unavailable)");
  });

  it("sees why a message did not arrive: a domain that nobody here serves", async () => {
    await bob.send(ELSEWHERE, "Is anybody there?");
    expect(await bob.failure()).to.equal(
      "404 Your IM could not be delivered. Nobody here answers for that address: elsewhere.test",
    );
  });
});

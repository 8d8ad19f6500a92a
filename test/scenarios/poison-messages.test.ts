import { expect } from "chai";
import type { MessageList } from "../../gateway/control/message.ts";
import type { RawPhone } from "../peers/raw-phone.ts";
import { reasonOf, statusOf } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides, chat, errorFor, receives, textsOf } from "./both-sides.ts";

const ALICE = "alice@sip.test";
const JULIET = "juliet@xmpp.test";
const POISON = "a text that nobody can read";

describe("A message that the other side cannot read is set aside, and nothing behind it waits", () => {
  let sides: BothSides;
  let alice: RawPhone;
  let juliet: XmppClient;

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob"], people: ["juliet"], proxied: true });
    alice = await sides.registeredPhone("alice");
    juliet = await sides.client("juliet");
  });
  after(() => sides.stop());

  const setAside = async () =>
    (await sides.gateway.json<MessageList>(["message", "list", "--state", "set-aside"])).messages;
  const oneSetAside = () => waitFor("a message set aside", async () => (await setAside())[0]);
  const noneSetAside = () => waitFor("none to be set aside", async () => (await setAside()).length === 0);
  const copiesAt = (phone: RawPhone, text: string) => phone.texts.filter((each) => each === text).length;
  const errors = () => juliet.messages.filter(({ attrs }) => attrs["type"] === "error").length;

  describe("a MESSAGE that the phone answers 400: RFC 3261 §21.4.1", () => {
    beforeEach(() => {
      alice.answer = ({ body }) => (body.toString() === POISON ? 400 : 200);
    });

    it("its sender is told, the next of the conversation arrives, and `message list` shows it with its reason", async () => {
      await juliet.send(chat(ALICE, POISON, { id: "poison-1" }));
      await juliet.send(chat(ALICE, "the next"));
      await waitFor("the next", () => alice.texts.includes("the next"));
      const { condition, text } = await errorFor(juliet, "poison-1");
      expect([condition, text]).to.deep.equal(["bad-request", "Your IM could not be delivered. (SIP 400 No)"]);
      expect(await oneSetAside()).to.deep.include({
        state: "set-aside",
        direction: "to-sip",
        from: juliet.jid,
        to: ALICE,
        problem: "SIP 400 No",
        stanzaId: "poison-1",
      });
      expect(copiesAt(alice, POISON)).to.equal(1);
    });

    it("`message retry` sends it again, and it is gone when the phone takes it", async () => {
      alice.answer = () => 200;
      const { id } = await oneSetAside();
      await sides.gateway.json(["message", "retry", id]);
      await waitFor("a second copy", () => copiesAt(alice, POISON) === 2);
      await noneSetAside();
    });

    it("`message drop` removes it, and its sender is not told again", async () => {
      await juliet.send(chat(ALICE, POISON, { id: "poison-2" }));
      await errorFor(juliet, "poison-2");
      const { id } = await oneSetAside();
      const before = errors();
      await sides.gateway.json(["message", "drop", id]);
      await noneSetAside();
      await juliet.send(chat("nobody@sip.test", "behind it", { id: "behind" }));
      await errorFor(juliet, "behind");
      expect(errors()).to.equal(before + 1);
    });
  });

  describe("a stanza for which the XMPP server ends the stream: RFC 6120 §4.9.3.14", () => {
    it("its sender is told 406, those around it in other conversations arrive", async () => {
      const bob = await sides.registeredPhone("bob", { transport: "tcp" });
      sides.link?.refuse(POISON);
      const poison = alice.message(JULIET, POISON);
      const others = Array.from({ length: 5 }, (_, number) => bob.message(JULIET, `around it ${number}`));
      const answer = await poison;
      if (statusOf(answer) === 202)
        await waitFor("the telling", () => alice.texts.some((text) => text.includes(`“${POISON}”`)));
      else {
        expect(statusOf(answer)).to.equal(406);
        expect(reasonOf(answer)).to.match(/The XMPP server would not take the message: .*policy-violation$/);
      }
      for (const other of others) expect(statusOf(await other)).to.be.within(200, 202);
      for (let number = 0; number < others.length; number += 1) await receives(juliet, `around it ${number}`);
      expect(sides.link?.refusals).to.equal(2);
      expect(textsOf(juliet)).not.to.include(POISON);
    });

    it("`message list` shows it with its reason; retried, it is set aside again", async () => {
      const { id, ...shown } = await oneSetAside();
      expect(shown).to.deep.include({ direction: "to-xmpp", from: ALICE, to: JULIET });
      expect(shown.problem).to.match(/^it ends the stream each time it is sent: .*policy-violation/);
      await sides.gateway.json(["message", "retry", id]);
      await waitFor("two more refusals", () => sides.link?.refusals === 4);
      expect((await oneSetAside()).id).to.equal(id);
    });

    it("and retried once the server takes it, it arrives", async () => {
      sides.link?.refuse("another text");
      await sides.gateway.json(["message", "retry", (await oneSetAside()).id]);
      await receives(juliet, POISON);
      await noneSetAside();
    });
  });
});

import { expect } from "chai";
import type { Baresip } from "../peers/baresip.ts";
import type { Linphone } from "../peers/linphone.ts";
import type { RawPhone } from "../peers/raw-phone.ts";
import { fieldOf, statusOf, token } from "../peers/raw-sip.ts";
import type { Slixmpp, SlixmppMessage } from "../peers/slixmpp.ts";
import { waitFor } from "../peers/wait-for.ts";
import { BothSides } from "./both-sides.ts";
import { baresipOf, linphoneOf, slixmppOf } from "./real-clients.ts";

const JULIET = "juliet@xmpp.test";

const COMPOSING = { "Content-Type": "application/im-iscomposing+xml" };
const IS_COMPOSING = (state: string): string =>
  `<?xml version="1.0"?><isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>${state}</state>` +
  "<contenttype>text/plain</contenttype><refresh>60</refresh></isComposing>";

describe("RFC 7573 §6: who is writing, between RFC 3994 and XEP-0085, for those who have shown that they know it", () => {
  let sides: BothSides;

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob", "carol", "dave"], people: ["juliet", "nurse"] });
  });
  after(() => sides.stop());

  /** Whatever the gateway had to say to this client before has come when this returns. */
  const nothingMoreToSay = async (client: Slixmpp): Promise<void> => {
    const id = token();
    client.send({ to: "nobody@sip.test", body: "fence", id });
    await client.error(id);
  };

  const statesFrom = (client: Slixmpp, user: string): readonly string[] =>
    client.messages
      .filter(({ from, chatState }) => from === `${user}@sip.test` && chatState !== "")
      .map(({ chatState }) => chatState);

  describe("between Linphone and slixmpp", () => {
    let alice: Linphone;
    let juliet: Slixmpp;

    before(async () => {
      alice = await linphoneOf(sides, "alice");
      juliet = await slixmppOf(sides, "juliet");
    });

    it("XEP-0085 §4: until Juliet's client has shown chat states, it is told of none but <active/> in a message", async () => {
      alice.compose(`sip:${JULIET}`);
      alice.send(`sip:${JULIET}`, "Good day."); // which may overtake the notice
      await juliet.received("Good day.");
      alice.send(`sip:${JULIET}`, "Art thou there?");
      expect(await juliet.received("Art thou there?")).to.include({ chatState: "active" });
      await nothingMoreToSay(juliet);
      expect(new Set(statesFrom(juliet, "alice"))).to.deep.equal(new Set(["active"]));
    });

    it("Juliet writes: Linphone shows it, until she pauses", async () => {
      juliet.send({ to: "alice@sip.test", chatState: "composing" });
      expect(await alice.composingChange(0)).to.deep.equal({ from: `sip:${JULIET}`, active: true });
      juliet.send({ to: "alice@sip.test", chatState: "paused" });
      expect(await alice.composingChange(1)).to.deep.equal({ from: `sip:${JULIET}`, active: false });
    });

    it("RFC 3994 §3.3: Juliet writes, and what she wrote ends it", async () => {
      juliet.send({ to: "alice@sip.test", chatState: "composing" });
      expect(await alice.composingChange(2)).to.include({ active: true });
      juliet.send({ to: "alice@sip.test", body: "And to you.", chatState: "active" });
      await alice.received("And to you.");
      expect(await alice.composingChange(3)).to.include({ active: false });
    });

    it("Alice writes: Juliet's client shows it, and what she wrote ends it", async () => {
      alice.compose(`sip:${JULIET}`);
      const isComposing = ({ chatState }: SlixmppMessage) => chatState === "composing";
      const notice = await juliet.message("Alice writing", isComposing);
      expect(notice).to.include({ from: "alice@sip.test", body: "", type: "chat" });
      expect(notice.to).to.match(/^juliet@xmpp\.test\//);
      expect(notice.xml).to.contain('<no-store xmlns="urn:xmpp:hints"');
      alice.send(`sip:${JULIET}`, "How art thou?");
      expect(await juliet.received("How art thou?")).to.include({ chatState: "active" });
      expect(statesFrom(juliet, "alice").slice(-2)).to.deep.equal(["composing", "active"]);
    });

    it("no notice was shown as a message", () => {
      expect(alice.messages.map(({ text }) => text)).to.deep.equal(["And to you."]);
      const bodies = juliet.messages.filter(({ error }) => error === null).map(({ body }) => body);
      expect(bodies.filter((body) => body !== "")).to.deep.equal(["Good day.", "Art thou there?", "How art thou?"]);
    });
  });

  describe("between a phone that shows every state and slixmpp", () => {
    let dave: RawPhone;
    let nurse: Slixmpp;

    const notices = (): readonly string[] =>
      dave.requests
        .filter((request) => fieldOf(request, "content-type") === COMPOSING["Content-Type"])
        .map(({ body }) => /<state>(\w+)<\/state>/.exec(body.toString())?.[1] ?? "");

    before(async () => {
      dave = await sides.registeredPhone("dave");
      nurse = await slixmppOf(sides, "nurse");
    });

    it("idle after active is told as active, RFC 7573 §6, once however often the phone repeats it", async () => {
      nurse.send({ to: "dave@sip.test", chatState: "active" });
      await nothingMoreToSay(nurse);
      for (const state of ["active", "active", "idle", "idle"]) {
        expect(statusOf(await dave.message("nurse@xmpp.test", IS_COMPOSING(state), COMPOSING))).to.equal(200);
      }
      await nothingMoreToSay(nurse);
      expect(statesFrom(nurse, "dave")).to.deep.equal(["composing", "active"]);
    });

    it("composing, paused, inactive and gone reach it as active and idle, each change once", async () => {
      for (const chatState of ["composing", "composing", "paused", "inactive", "composing", "gone"] as const) {
        nurse.send({ to: "dave@sip.test", chatState });
      }
      await waitFor("the last change", () => notices().length >= 4);
      expect(notices()).to.deep.equal(["active", "idle", "active", "idle"]);
    });

    it("RFC 3994 §3.4: the notice expires at once, and nobody hurries for it", () => {
      const notice = dave.requests.find((request) => fieldOf(request, "content-type") === COMPOSING["Content-Type"]);
      expect(notice && [fieldOf(notice, "expires"), fieldOf(notice, "priority")]).to.deep.equal(["0", "non-urgent"]);
      expect(notice?.body.toString()).to.match(/<refresh>(?:[6-9]\d|\d{3,})<\/refresh>/);
    });

    it("the conversation closes while the nurse writes: the phone is told that she does no more", async () => {
      nurse.send({ to: "dave@sip.test", body: "one moment", chatState: "active" });
      await waitFor("the message", () => dave.texts.includes("one moment"));
      nurse.send({ to: "dave@sip.test", chatState: "composing" });
      await waitFor("the notice", () => notices().length === 5);
      await sides.closeConversationOf("dave@sip.test");
      await waitFor("the end of it", () => notices().length === 6);
      expect(notices().slice(-2)).to.deep.equal(["active", "idle"]);
    });

    it("RFC 3261 §21.4.13: it answers 415 once, and is told no more until it writes again", async () => {
      dave.answer = () => 415;
      nurse.send({ to: "dave@sip.test", chatState: "composing" });
      await waitFor("the notice", () => notices().length === 7);
      dave.answer = () => 200;
      for (const chatState of ["paused", "composing", "paused"] as const) {
        nurse.send({ to: "dave@sip.test", chatState });
      }
      nurse.send({ to: "dave@sip.test", body: "behind them" });
      await waitFor("the message", () => dave.texts.includes("behind them"));
      expect(notices()).to.have.lengthOf(7);
    });
  });

  describe("where one side knows nothing of it", () => {
    let bob: Baresip;
    let carol: RawPhone;
    let juliet: Slixmpp;

    before(async () => {
      bob = await baresipOf(sides, "bob", { contacts: [`sip:${JULIET}`] });
      carol = await sides.registeredPhone("carol");
      juliet = await slixmppOf(sides, "juliet", "plain");
    });

    it("baresip, which would answer 415, is asked nothing and shows nothing but what Juliet wrote", async () => {
      await bob.send(`sip:${JULIET}`, "Hello.");
      expect(await juliet.received("Hello.")).to.include({ chatState: "" });
      for (const chatState of ["composing", "paused", "composing"] as const) {
        juliet.send({ to: "bob@sip.test", chatState });
      }
      juliet.send({ to: "bob@sip.test", body: "Hello to you.", chatState: "active" });
      await bob.received("Hello to you.");
      expect(bob.screen).not.to.match(/415|iscomposing/i);
    });

    it("an XMPP client that answers without a chat state is told nothing more. XEP-0085 §4", async () => {
      const write = async (text: string): Promise<SlixmppMessage> => {
        expect(statusOf(await carol.message(JULIET, IS_COMPOSING("active"), COMPOSING))).to.equal(200);
        expect(statusOf(await carol.message(JULIET, text))).to.equal(200);
        return juliet.received(text);
      };
      expect(await write("May I?")).to.include({ chatState: "active" });
      juliet.send({ to: "carol@sip.test", body: "Thou mayest." });
      await waitFor("the answer", () => carol.texts.includes("Thou mayest."));
      expect(await write("I thank thee.")).to.include({ chatState: "" });
      await nothingMoreToSay(juliet);
      expect(statesFrom(juliet, "carol")).to.deep.equal(["active"]);
    });
  });
});

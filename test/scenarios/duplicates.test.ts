import { expect } from "chai";
import type { RawPhone } from "../peers/raw-phone.ts";
import { type FieldEdits, reasonOf, statusOf, token } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides, chat, receives, textsOf } from "./both-sides.ts";

const ALICE = "alice@sip.test";
const JULIET = "juliet@xmpp.test";

describe("What comes twice is delivered once, and what is said twice twice", () => {
  let sides: BothSides;
  let alice: RawPhone;
  let juliet: XmppClient;

  before(async () => {
    sides = await BothSides.start({ users: ["alice"], people: ["juliet"] });
    alice = await sides.registeredPhone("alice");
    juliet = await sides.client("juliet");
  });
  after(() => sides.stop());

  /** Juliet has had all that came before it. */
  const marker = async (): Promise<void> => {
    const text = `marker ${token()}`;
    expect(statusOf(await alice.message(JULIET, text))).to.equal(200);
    await receives(juliet, text);
  };

  const copiesAtJuliet = (text: string) => textsOf(juliet).filter((each) => each === text).length;

  /** What stays the same in each copy of a request; each call of `once` makes a branch of its own. */
  const sameRequest = (phone: RawPhone): FieldEdits => ({
    From: `<sip:${ALICE}>;tag=${token()}`,
    "Call-ID": token(),
    CSeq: "7 MESSAGE",
    ...phone.credentials({ method: "MESSAGE", uri: `sip:${JULIET}` }),
  });

  const copyOf = (phone: RawPhone, text: string, fields: FieldEdits) =>
    phone.once({ method: "MESSAGE", uri: `sip:${JULIET}`, body: text, fields });

  describe("from SIP: RFC 3261 §8.2.2.2", () => {
    it("a request that a proxy forked comes by two branches: one stanza, both branches are answered 200", async () => {
      await marker(); // so that the phone knows a nonce
      const fields = sameRequest(alice);
      const answers = await Promise.all([copyOf(alice, "forked", fields), copyOf(alice, "forked", fields)]);
      expect(answers.map(statusOf)).to.deep.equal([200, 200]);
      expect(statusOf(await copyOf(alice, "forked", fields))).to.equal(200);
      await marker();
      expect(copiesAtJuliet("forked")).to.equal(1);
    });

    it("a refusal is given to both as well", async () => {
      const fields = { ...sameRequest(alice), "Content-Type": "image/png" };
      const answers = await Promise.all([copyOf(alice, "picture", fields), copyOf(alice, "picture", fields)]);
      expect(answers.map(statusOf)).to.deep.equal([415, 415]);
      expect(reasonOf(answers[1])).to.equal(reasonOf(answers[0]));
    });

    it("a phone that lost its connection before the answer asks again over the next: one stanza", async () => {
      const first = await sides.registeredPhone("alice", { transport: "tcp" });
      expect(statusOf(await first.message(JULIET, "so that it knows a nonce"))).to.equal(200);
      const fields = sameRequest(first);
      void copyOf(first, "once more", fields).catch(() => undefined); // its answer has no way back
      await receives(juliet, "once more");
      await first.wire.close();
      const second = await sides.phone("alice", { transport: "tcp" });
      expect(statusOf(await copyOf(second, "once more", fields))).to.equal(200);
      await marker();
      expect(copiesAtJuliet("once more")).to.equal(1);
    });

    it("the same text in two requests is two messages", async () => {
      for (let copy = 0; copy < 2; copy += 1) expect(statusOf(await alice.message(JULIET, "yes"))).to.equal(200);
      await marker();
      expect(copiesAtJuliet("yes")).to.equal(2);
    });
  });

  describe("from XMPP: XEP-0359", () => {
    for (const { what, stanzas, arrive } of [
      {
        what: "the same id and text",
        stanzas: [
          ["1", "hello"],
          ["1", "hello"],
        ],
        arrive: ["hello"],
      },
      {
        what: "the same id, another text",
        stanzas: [
          ["2", "one"],
          ["2", "two"],
        ],
        arrive: ["one", "two"],
      },
      {
        what: "another id, the same text",
        stanzas: [
          ["3", "ok"],
          ["4", "ok"],
        ],
        arrive: ["ok", "ok"],
      },
    ] as const) {
      it(`${what}: ${arrive.length === 1 ? "one MESSAGE" : "two"}`, async () => {
        const before = alice.requests.length;
        for (const [id, text] of stanzas) await juliet.send(chat(ALICE, text, { id }));
        await juliet.send(chat(ALICE, `behind ${what}`));
        await waitFor("the one behind", () => alice.texts.includes(`behind ${what}`));
        expect(alice.texts.slice(before)).to.deep.equal([...arrive, `behind ${what}`]);
      });
    }

    it("another id with the same origin-id, as a client resends it: one MESSAGE", async () => {
      const before = alice.requests.length;
      const originId = '<origin-id xmlns="urn:xmpp:sid:0" id="origin-1"/>';
      for (const id of ["5", "6"])
        juliet.write(`<message type="chat" to="${ALICE}" id="${id}"><body>resent</body>${originId}</message>`);
      await juliet.send(chat(ALICE, "behind the resent"));
      await waitFor("the one behind", () => alice.texts.includes("behind the resent"));
      expect(alice.texts.slice(before)).to.deep.equal(["resent", "behind the resent"]);
    });

    it("the same id and text from another device of hers is another message", async () => {
      const tablet = await sides.client("juliet", "tablet");
      const before = alice.requests.length;
      for (const client of [juliet, tablet]) await client.send(chat(ALICE, "me", { id: "7" }));
      await waitFor("both", () => alice.requests.length === before + 2);
      expect(alice.texts.slice(before)).to.deep.equal(["me", "me"]);
    });

    it("one that failed may be sent again under its old id", async () => {
      alice.answer = () => 486;
      await juliet.send(chat(ALICE, "again", { id: "8" }));
      await waitFor("the error", () => juliet.messages.some(({ attrs }) => attrs["id"] === "8"));
      alice.answer = () => 200;
      const before = alice.requests.length;
      await juliet.send(chat(ALICE, "again", { id: "8" }));
      await waitFor("it to arrive", () => alice.requests.length > before);
    });
  });
});

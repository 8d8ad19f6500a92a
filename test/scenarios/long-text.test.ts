import { expect } from "chai";
import type { RawPhone } from "../peers/raw-phone.ts";
import { fieldOf, type RawMessage, reasonOf, statusOf } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides, chat, errorFor, receives } from "./both-sides.ts";

const GRAPHEMES = ["👩‍👩‍👧‍👦", "👍🏽", "🏴󠁧󠁢󠁷󠁬󠁳󠁿", "שָׁ", "لَ", "é", "क्षि", " "];

/** So many characters as people count them, each of several code points. */
function textOf(characters: number): string {
  return Array.from({ length: characters }, (_, number) => GRAPHEMES[number % GRAPHEMES.length]).join("");
}

const LONG = textOf(5_000);
const MARK = /^\((\d+)\/(\d+)\) /;

describe("RFC 3261 §18.1.1, RFC 3428 §8: a text that is longer than a datagram", () => {
  let sides: BothSides;
  let byDatagram: RawPhone;
  let byStream: RawPhone;
  let juliet: XmppClient;

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob"], people: ["juliet"] });
    await sides.gateway.json(["param", "set", "im.max-size", "100000"]);
    byDatagram = await sides.registeredPhone("alice"); // nobody listens on its port over TCP
    byStream = await sides.registeredPhone("bob", { transport: "tcp" });
    juliet = await sides.client("juliet");
  });
  after(() => sides.stop());

  const partsFor = (phone: RawPhone) => phone.requests.filter(({ body }) => MARK.test(body.toString()));

  it("to a phone that has datagrams alone: numbered parts of at most 1300 bytes, which are the text again", async () => {
    await juliet.send(chat("alice@sip.test", LONG));
    await waitFor("the last part", () => isLast(partsFor(byDatagram).at(-1)));
    const parts = partsFor(byDatagram);
    expect(parts.map(({ body }) => body.toString().replace(MARK, "")).join("")).to.equal(LONG);
    expect(parts.map((part) => MARK.exec(part.body.toString())?.[1])).to.deep.equal(
      parts.map((_, index) => String(index + 1)),
    );
    expect(Math.max(...parts.map(bytesOf))).to.be.at.most(1300);
    expect(new Set(parts.map((part) => fieldOf(part, "call-id"))).size).to.equal(parts.length);
  });

  it("a grapheme stands in one part, whole", async () => {
    const segments = new Intl.Segmenter().segment(LONG);
    let at = 0;
    for (const { body } of partsFor(byDatagram)) {
      expect(segments.containing(at)?.index).to.equal(at);
      at += body.toString().replace(MARK, "").length;
    }
    expect(at).to.equal(LONG.length);
  });

  it("the phone refuses one of the parts: no more come, and the sender is told once", async () => {
    const before = partsFor(byDatagram).length;
    byDatagram.answer = ({ body }) => (body.toString().startsWith("(2/") ? 486 : 200);
    await juliet.send(chat("alice@sip.test", `again: ${LONG}`, { id: "in-parts" }));
    expect((await errorFor(juliet, "in-parts")).condition).to.equal("recipient-unavailable");
    byDatagram.answer = () => 200;
    await juliet.send(chat("alice@sip.test", "the next"));
    await waitFor("the next", () => byDatagram.texts.includes("the next"));
    expect(partsFor(byDatagram)).to.have.lengthOf(before + 2);
    expect(juliet.messages.filter(({ attrs }) => attrs["id"] === "in-parts")).to.have.lengthOf(1);
  });

  it("to a phone with a connection: one MESSAGE", async () => {
    await juliet.send(chat("bob@sip.test", LONG));
    await waitFor("it", () => byStream.texts.includes(LONG));
    expect(byStream.requests).to.have.lengthOf(1);
  });

  it("from a phone with a connection: one stanza", async () => {
    expect(statusOf(await byStream.message("juliet@xmpp.test", LONG))).to.equal(200);
    await receives(juliet, LONG);
  });

  describe("over im.max-size", () => {
    const tooLong = "é".repeat(1_000);

    before(async () => {
      await sides.gateway.json(["param", "set", "im.max-size", "1999"]);
    });

    it("from SIP: 413 that names the sizes", async () => {
      const answer = await byStream.message("juliet@xmpp.test", tooLong);
      expect([statusOf(answer), reasonOf(answer)]).to.deep.equal([
        413,
        "Your IM could not be delivered. The message is too large: 2000 bytes, at most 1999 bytes can be sent",
      ]);
    });

    it("between two SIP users too", async () => {
      expect(statusOf(await byStream.message("alice@sip.test", tooLong))).to.equal(413);
    });

    it("from XMPP: policy-violation that names the sizes", async () => {
      await juliet.send(chat("bob@sip.test", tooLong, { id: "too-long" }));
      expect(await errorFor(juliet, "too-long")).to.deep.include({
        condition: "policy-violation",
        text: "Your IM could not be delivered. The message is too large: 2000 bytes, at most 1999 bytes can be sent",
      });
    });

    it("one byte less passes, both ways", async () => {
      const longest = tooLong.replace("é", "e");
      expect(statusOf(await byStream.message("juliet@xmpp.test", longest))).to.equal(200);
      await receives(juliet, longest);
      await juliet.send(chat("bob@sip.test", longest));
      await waitFor("it", () => byStream.texts.includes(longest));
    });
  });
});

function isLast(part: RawMessage | undefined): boolean {
  const [, number, count] = MARK.exec(part?.body.toString() ?? "") ?? [];
  return number !== undefined && number === count;
}

/** As it was on the wire: the gateway writes names in full and one space behind the colon. */
function bytesOf({ startLine, fields, body }: RawMessage): number {
  const head = [startLine, ...fields.map(([name, value]) => `${name}: ${value}`), "", ""].join("\r\n");
  return head.length + body.length;
}

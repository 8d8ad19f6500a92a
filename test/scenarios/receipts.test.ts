import { expect } from "chai";
import type { Linphone } from "../peers/linphone.ts";
import type { RawPhone } from "../peers/raw-phone.ts";
import { type RawMessage, statusOf, token, writeResponse } from "../peers/raw-sip.ts";
import type { Slixmpp, SlixmppMessage } from "../peers/slixmpp.ts";
import { waitFor } from "../peers/wait-for.ts";
import { BothSides } from "./both-sides.ts";
import { linphoneOf, slixmppOf } from "./real-clients.ts";

const JULIET = "juliet@xmpp.test";
const MARKERS = "urn:xmpp:chat-markers:0"; // XEP-0333

describe("Receipts and read marks: XEP-0184, XEP-0333 and IMDN, RFC 5438", () => {
  let sides: BothSides;
  let juliet: Slixmpp;
  let linphone: Linphone; // Alice's
  let plain: RawPhone; // Bob's
  let linphoneCpim: Linphone; // Carol's
  let cpim: RawPhone; // Dave's

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob", "carol", "dave", "erin", "frank"], people: ["juliet"] });
    juliet = await slixmppOf(sides, "juliet");
    linphone = await linphoneOf(sides, "alice", { transport: "tcp" });
    plain = await sides.registeredPhone("bob");
    linphoneCpim = await linphoneOf(sides, "carol", { format: "cpim" });
    cpim = await sides.registeredPhone("dave");
  });
  after(() => sides.stop());

  /** An IM that asks for a receipt and a read mark; its id is its text. */
  const write = (user: string, text: string): void =>
    juliet.sendXml(
      `<message type="chat" to="${user}@sip.test" id="${text}"><body>${text}</body>` +
        `<request xmlns="urn:xmpp:receipts"/><markable xmlns="${MARKERS}"/></message>`,
    );

  const isReceiptFor = (id: string) => (message: SlixmppMessage) => message.receipt === id;
  const isMarkFor = (id: string) => (message: SlixmppMessage) =>
    message.xml.includes("<displayed") && message.xml.includes(MARKERS) && message.xml.includes(`id="${id}"`);
  const displayed = (id: string) => juliet.message(`the read mark for ${id}`, isMarkFor(id));
  const countOf = (fits: (message: SlixmppMessage) => boolean): number => juliet.messages.filter(fits).length;

  const comes = (phone: RawPhone, text: string): Promise<RawMessage> =>
    waitFor(`${phone.aor} to get ${text}`, () => phone.requests.find(({ body }) => body.includes(text)));

  /** Whatever the gateway had to say to Juliet before has come when this returns. */
  const nothingMoreToSay = async (): Promise<void> => {
    const id = token();
    juliet.send({ to: "nobody@sip.test", body: "fence", id });
    await juliet.error(id);
  };

  /** Juliet's client has seen it, and says so. */
  const mark = (message: SlixmppMessage): void =>
    juliet.sendXml(
      `<message type="chat" to="${message.from}" id="${token()}"><displayed xmlns="${MARKERS}" id="${message.id}"/></message>`,
    );

  describe("a phone that knows nothing of IMDN", () => {
    it("XEP-0184 §5: the receipt goes out on its 200, not before, once", async () => {
      plain.answer = () => undefined;
      write("bob", "held back");
      const request = await comes(plain, "held back");
      await nothingMoreToSay();
      expect(countOf(isReceiptFor("held back"))).to.equal(0);
      plain.answer = () => 200;
      plain.wire.send(writeResponse(request, 200, "OK"));
      expect(await juliet.receipt("held back")).to.include({ from: "bob@sip.test" });
      await nothingMoreToSay();
      expect(countOf(isReceiptFor("held back"))).to.equal(1);
    });

    it("RFC 3428 §7: on its 202 none does: it has passed the message on and knows no more", async () => {
      plain.answer = () => 202;
      write("bob", "passed on");
      await comes(plain, "passed on");
      plain.answer = () => 200;
      write("bob", "taken");
      await juliet.receipt("taken");
      expect(countOf(isReceiptFor("passed on"))).to.equal(0);
    });

    it("two phones that take the same message are one receipt", async () => {
      const phones = [await sides.registeredPhone("erin"), await sides.registeredPhone("erin", { transport: "tcp" })];
      write("erin", "for both");
      for (const phone of phones) await comes(phone, "for both");
      await juliet.receipt("for both");
      await nothingMoreToSay();
      expect(countOf(isReceiptFor("for both"))).to.equal(1);
    });

    it("is sent no IMDN, whatever Juliet's client reports", async () => {
      expect(statusOf(await plain.message(JULIET, "no need to tell me"))).to.equal(200);
      const message = await juliet.received("no need to tell me");
      mark(message);
      juliet.sendXml(
        `<message to="bob@sip.test" id="${token()}"><received xmlns="urn:xmpp:receipts" id="${message.id}"/></message>`,
      );
      write("bob", "behind the reports");
      await comes(plain, "behind the reports");
      expect(plain.texts.filter((text) => text.includes("imdn"))).to.deep.equal([]);
    });
  });

  describe("Linphone as it comes, which reports although nobody asks it", () => {
    it("shows Juliet that her message is there, and that it was read, each once", async () => {
      write("alice", "read me");
      const message = await linphone.received("read me");
      await juliet.receipt("read me");
      linphone.read(message);
      await displayed("read me");
      await nothingMoreToSay();
      expect([isReceiptFor("read me"), isMarkFor("read me")].map(countOf)).to.deep.equal([1, 1]);
    });

    it("shows its user that the message is at Juliet's client, and that she has read it", async () => {
      const sent = linphone.send(`sip:${JULIET}`, "seen by Juliet");
      const message = await juliet.received("seen by Juliet");
      expect(await linphone.delivery(sent, "delivered-to-user")).to.equal("delivered-to-user");
      mark(message);
      expect(await linphone.delivery(sent, "displayed")).to.equal("displayed");
    });

    it("what it reports of a message that asked for nothing goes no further", async () => {
      juliet.send({ to: "alice@sip.test", body: "only a word", id: "only-a-word" });
      linphone.read(await linphone.received("only a word"));
      write("alice", "behind it");
      linphone.read(await linphone.received("behind it"));
      await displayed("behind it");
      expect(countOf(({ xml }) => xml.includes("only-a-word"))).to.equal(0);
    });
  });

  describe("Linphone set to CPIM, which asks and is asked", () => {
    it("shows its user that the message is at Juliet's client, and that she has read it", async () => {
      const sent = linphoneCpim.send(`sip:${JULIET}`, "in CPIM");
      const message = await juliet.received("in CPIM");
      expect(await linphoneCpim.delivery(sent, "delivered-to-user")).to.equal("delivered-to-user");
      mark(message);
      expect(await linphoneCpim.delivery(sent, "displayed")).to.equal("displayed");
    });

    it("shows Juliet that her message is there, and that it was read, each once", async () => {
      write("carol", "read this in CPIM");
      const message = await linphoneCpim.received("read this in CPIM");
      await juliet.receipt("read this in CPIM");
      linphoneCpim.read(message);
      await displayed("read this in CPIM");
      await nothingMoreToSay();
      const about = [isReceiptFor("read this in CPIM"), isMarkFor("read this in CPIM")];
      expect(about.map(countOf)).to.deep.equal([1, 1]);
    });
  });

  describe("RFC 5438 §7.2: a phone that has shown CPIM, and answers for itself", () => {
    const report = async (text: string, kind: "delivery" | "display", status: string): Promise<void> => {
      const { body } = await comes(cpim, text);
      const id = /imdn\.Message-ID: (\S+)/.exec(body.toString())?.[1] ?? "";
      const answer = await cpim.message(JULIET, inCpim(imdnOf(id, kind, status), "message/imdn+xml"), CPIM);
      expect(statusOf(answer)).to.equal(200);
    };

    before(async () => {
      const accepted = { ...CPIM, Accept: "text/plain, message/cpim, message/imdn+xml" };
      expect(statusOf(await cpim.message(JULIET, inCpim("I speak CPIM"), accepted))).to.equal(200);
      await juliet.received("I speak CPIM");
    });

    it("is asked for what Juliet asked for; her receipt is its IMDN, not its 200", async () => {
      write("dave", "wrapped");
      const asked = (await comes(cpim, "wrapped")).body.toString();
      expect(asked).to.match(/^imdn\.Disposition-Notification: positive-delivery, display, negative-delivery\r$/m);
      await sides.gateway.process.untilOutput(/"stanzaId":"wrapped".*"message relayed to SIP"/);
      await nothingMoreToSay();
      expect(countOf(isReceiptFor("wrapped"))).to.equal(0);
      await report("wrapped", "delivery", "delivered");
      await juliet.receipt("wrapped");
      await report("wrapped", "display", "displayed");
      await displayed("wrapped");
    });

    it("§7.2.1.2: that it failed after all becomes an error for Juliet's message, and nothing else", async () => {
      write("dave", "undelivered");
      await report("undelivered", "delivery", "failed");
      expect(await juliet.error("undelivered")).to.have.property("condition");
      await report("undelivered", "display", "displayed");
      await nothingMoreToSay();
      expect(countOf(({ xml }) => xml.includes(`id="undelivered"`))).to.equal(1);
    });

    it("its IMDN about a message that nobody sent is answered 200, and goes no further", async () => {
      const before = juliet.messages.length;
      const answer = await cpim.message(
        JULIET,
        inCpim(imdnOf("never-sent", "display", "displayed"), "message/imdn+xml"),
        CPIM,
      );
      expect(statusOf(answer)).to.equal(200);
      await nothingMoreToSay();
      expect(juliet.messages.slice(before).filter(({ error }) => error === null)).to.deep.equal([]);
    });

    it("§6.3: it asks with a Message-ID of its own: the answers name that, in CPIM, and ask for nothing", async () => {
      const wanted = { "imdn.Message-ID": "dave-1", "imdn.Disposition-Notification": "positive-delivery, display" };
      expect(statusOf(await cpim.message(JULIET, inCpim("tell me", "text/plain", wanted), CPIM))).to.equal(200);
      const answers = () => cpim.requests.filter(({ body }) => body.includes("<message-id>dave-1</message-id>"));
      const receipt = await waitFor("Dave to get the receipt", () => answers()[0]);
      mark(await juliet.received("tell me"));
      const readMark = await waitFor("Dave to get the read mark", () => answers()[1]);
      expect(receipt.body.toString()).to.contain("<delivered/>").and.not.contain("Disposition-Notification");
      expect(readMark.body.toString()).to.contain("<displayed/>").and.not.contain("Disposition-Notification");
    });

    it("XEP-0333 §1: Juliet's client marks the last message alone, and each before it is told of as read", async () => {
      for (const id of ["dave-2", "dave-3"]) {
        const wanted = { "imdn.Message-ID": id, "imdn.Disposition-Notification": "display" };
        expect(statusOf(await cpim.message(JULIET, inCpim(`unread ${id}`, "text/plain", wanted), CPIM))).to.equal(200);
      }
      mark(await juliet.received("unread dave-3"));
      await comes(cpim, "<message-id>dave-3</message-id>");
      const told = cpim.requests.flatMap(({ body }) => /<message-id>(dave-[23])</.exec(body.toString())?.[1] ?? []);
      expect(told).to.deep.equal(["dave-2", "dave-3"]);
    });
  });

  it("a phone that has shown CPIM and nothing of IMDN is asked for none: the receipt is its 200", async () => {
    const frank = await sides.registeredPhone("frank");
    expect(statusOf(await frank.message(JULIET, inCpim("CPIM alone"), CPIM))).to.equal(200);
    await juliet.received("CPIM alone");
    write("frank", "wrapped, not asked");
    expect((await comes(frank, "wrapped, not asked")).body.toString()).to.not.contain("Disposition-Notification");
    await juliet.receipt("wrapped, not asked");
  });

  describe("over a restart of the gateway", () => {
    it("what was sent before the gateway was killed is reported after its restart, both ways", async () => {
      write("carol", "before the end");
      const atCarol = await linphoneCpim.received("before the end");
      await juliet.receipt("before the end");
      const sent = linphoneCpim.send(`sip:${JULIET}`, "also before the end");
      const atJuliet = await juliet.received("also before the end");
      await linphoneCpim.delivery(sent, "delivered-to-user");

      await sides.gateway.restart("SIGKILL");
      mark(atJuliet);
      expect(await linphoneCpim.delivery(sent, "displayed")).to.equal("displayed");
      linphoneCpim.read(atCarol);
      await displayed("before the end");
    });
  });

  describe("after all that", () => {
    it("nobody has read a report as a message, got one for a report, or been told of a failed one", async () => {
      await nothingMoreToSay();
      const shown = [...linphone.messages, ...linphoneCpim.messages];
      expect(
        shown.filter(({ text, contentType }) => text === null || /imdn/.test(`${text}${contentType}`)),
      ).to.deep.equal([]);
      expect(countOf(({ body }) => /imdn|displayed|received/.test(body))).to.equal(0);
      const errors = juliet.messages.filter(({ error }) => error !== null).map(({ to, from }) => `${from} ${to}`);
      expect(new Set(errors.map((each) => each.split(" ")[0]))).to.deep.equal(
        new Set(["nobody@sip.test", "dave@sip.test"]),
      );
    });
  });
});

const CPIM = { "Content-Type": "message/cpim" };

/** RFC 3862 §3. */
function inCpim(content: string, type = "text/plain", about: Readonly<Record<string, string>> = {}): string {
  const fields = { "imdn.Message-ID": token(), ...about };
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return (
    `From: <sip:dave@sip.test>\r\nTo: <sip:${JULIET}>\r\nNS: imdn <urn:ietf:params:imdn>\r\n${head.join("")}` +
    `\r\nContent-Type: ${type}\r\n\r\n${content}`
  );
}

/** RFC 5438 §7.2.1.1. */
function imdnOf(messageId: string, kind: "delivery" | "display", status: string): string {
  return (
    `<?xml version="1.0"?><imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>${messageId}</message-id>` +
    `<datetime>2026-01-01T00:00:00Z</datetime><${kind}-notification><status><${status}/></status></${kind}-notification></imdn>`
  );
}

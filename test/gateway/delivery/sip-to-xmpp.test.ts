import { expect } from "chai";
import type { Conversation } from "../../../gateway/conversation/table.ts";
import { Counters } from "../../../gateway/counters.ts";
import type { Failure } from "../../../gateway/delivery/failure-message.ts";
import type { AcceptedIm } from "../../../gateway/delivery/journal.ts";
import { SipToXmpp } from "../../../gateway/delivery/sip-to-xmpp.ts";
import { SAME_DOMAINS } from "../../../gateway/mapping/address.ts";
import type { Answer } from "../../../sip/engine.ts";
import { parseJid } from "../../../xmpp/jid.ts";
import { errorReply } from "../../../xmpp/stanza-error.ts";
import { FakeClock } from "../../sip/fake-clock.ts";
import { SILENT } from "../silent-log.ts";
import { FakeLink } from "./fake-link.ts";
import { memoryJournal } from "./memory-journal.ts";

const CONVERSATION: Conversation = {
  id: "conv1",
  aor: "alice@sip.test",
  jid: "juliet@xmpp.test",
  thread: undefined,
  callId: undefined,
  openedAt: 0,
  activeAt: 0,
  fromSip: 1,
  fromXmpp: 0,
};

function imWith(id: string, text = "Neither, fair saint"): AcceptedIm {
  const { aor, jid } = CONVERSATION;
  return { im: { text }, aor, jid, stanzaId: id, callId: `call-${id}`, acceptedAt: 0 };
}

class FakeResponder {
  readonly answers: { readonly status: number; readonly answer?: Answer | undefined }[] = [];

  get answered(): boolean {
    return this.answers.length > 0;
  }

  respond(status: number, answer?: Answer): void {
    this.answers.push({ status, answer });
  }

  get statuses(): readonly number[] {
    return this.answers.map((each) => each.status);
  }
}

function setUp() {
  const link = new FakeLink();
  const clock = new FakeClock();
  const told: Failure[] = [];
  const phone = { answers: true };
  const { journal, rows, disk } = memoryJournal(clock);
  const delivery = new SipToXmpp({
    linkOf: () => link,
    journal,
    clock,
    log: SILENT,
    counters: new Counters(),
    domains: SAME_DOMAINS,
    failureText: (detail) => `Not delivered. ${detail}`,
    tellSipUser: async (failure) => {
      told.push(failure);
      return phone.answers;
    },
  });
  return { phone, link, clock, told, journal, rows, disk, delivery };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Settled rows leave the disk together, a little later. */
async function settled(clock: FakeClock): Promise<void> {
  clock.advance(20);
  await turn();
}

function errorFor(link: FakeLink, condition: "service-unavailable" | "item-not-found") {
  const stanza = link.sent[0]?.stanza;
  const error = stanza && errorReply(stanza, { condition, text: "No such user" });
  const from = parseJid(error?.attrs["from"] ?? "");
  const to = parseJid(error?.attrs["to"] ?? "");
  if (error === undefined || !from.ok || !to.ok) throw new Error("nothing was sent");
  return [error, from.value, to.value] as const;
}

describe("delivery from SIP to XMPP: the final answer is the truth", () => {
  it("200 once the server has processed the stanza, and no journal row", async () => {
    const { link, delivery, rows, clock } = setUp();
    const responder = new FakeResponder();
    delivery.deliver(imWith("a"), CONVERSATION, responder);
    expect(link.sent[0]?.stanza.attrs).to.deep.equal({
      type: "chat",
      from: "alice@sip.test",
      to: "juliet@xmpp.test",
      id: "a",
    });
    expect(responder.statuses).to.deep.equal([]);
    link.sent[0]?.settle({ outcome: "processed" });
    expect(responder.statuses).to.deep.equal([200]);
    await settled(clock);
    expect(rows.size).to.equal(0);
    expect(delivery.inFlight).to.equal(0);
  });

  it("an error stanza before the barrier becomes the mapped status with reason and text", () => {
    const { link, delivery } = setUp();
    const responder = new FakeResponder();
    delivery.deliver(imWith("a"), CONVERSATION, responder);
    delivery.onError(...errorFor(link, "service-unavailable"));
    link.sent[0]?.settle({ outcome: "processed" });
    expect(responder.answers[0]).to.deep.equal({
      status: 403,
      answer: { reason: "Not delivered. No such user (service-unavailable)" },
    });
  });

  it("no barrier within 400 ms: on disk, then 202; the row goes with the barrier", async () => {
    const { link, delivery, rows, clock } = setUp();
    const responder = new FakeResponder();
    delivery.deliver(imWith("a"), CONVERSATION, responder);
    clock.advance(399);
    expect(rows.size).to.equal(0);
    clock.advance(1);
    await turn();
    expect(responder.statuses).to.deep.equal([202]);
    expect(rows.size).to.equal(1);
    link.sent[0]?.settle({ outcome: "processed" });
    await turn();
    expect(responder.statuses).to.deep.equal([202]);
    await settled(clock);
    expect(rows.size).to.equal(0);
  });

  it("link down: journaled and answered 202 at once", async () => {
    const { link, delivery, rows } = setUp();
    link.state = "waiting";
    const responder = new FakeResponder();
    delivery.deliver(imWith("a"), CONVERSATION, responder);
    await turn();
    expect(responder.statuses).to.deep.equal([202]);
    expect(rows.size).to.equal(1);
  });

  it("the truth that comes before the row is on disk is told instead of 202", async () => {
    const { link, delivery, rows, clock } = setUp();
    const responder = new FakeResponder();
    delivery.deliver(imWith("a"), CONVERSATION, responder);
    clock.advance(400);
    link.sent[0]?.settle({ outcome: "processed" });
    await turn();
    expect(responder.statuses).to.deep.equal([200]);
    await settled(clock);
    expect(rows.size).to.equal(0);
  });

  it("a disk that refuses the row: no 202, the sender waits for the barrier", async () => {
    const { link, delivery, clock, disk } = setUp();
    disk.broken = true;
    const responder = new FakeResponder();
    delivery.deliver(imWith("a"), CONVERSATION, responder);
    clock.advance(400);
    await turn();
    expect(responder.statuses).to.deep.equal([]);
    link.sent[0]?.settle({ outcome: "processed" });
    expect(responder.statuses).to.deep.equal([200]);
  });

  it("an error after 202 becomes one failure message that names the IM, then the row goes", async () => {
    const { link, delivery, clock, told, rows } = setUp();
    const responder = new FakeResponder();
    delivery.deliver(imWith("a", "Wherefore art thou"), CONVERSATION, responder);
    clock.advance(400);
    await turn();
    delivery.onError(...errorFor(link, "item-not-found"));
    link.sent[0]?.settle({ outcome: "processed" });
    await turn();
    expect(responder.statuses).to.deep.equal([202]);
    expect(told.map(({ aor, from, text }) => ({ aor, from, text }))).to.deep.equal([
      {
        aor: "alice@sip.test",
        from: "sip:juliet@xmpp.test",
        text: "Not delivered. No such user (item-not-found) “Wherefore art thou”",
      },
    ]);
    await settled(clock);
    expect(rows.size).to.equal(0);
  });

  it("an error after 200, as a remote server sends it, becomes a failure message too", async () => {
    const { link, delivery, told } = setUp();
    delivery.deliver(imWith("a"), CONVERSATION, new FakeResponder());
    link.sent[0]?.settle({ outcome: "processed" });
    delivery.onError(...errorFor(link, "item-not-found"));
    delivery.onError(...errorFor(link, "item-not-found"));
    await turn();
    expect(told.map((failure) => failure.text)).to.deep.equal([
      "Not delivered. No such user (item-not-found) “Neither, fair saint”",
    ]);
  });

  it("a failure that no phone took keeps its row: the next start tries again", async () => {
    const { link, delivery, clock, phone, rows } = setUp();
    phone.answers = false;
    delivery.deliver(imWith("a"), CONVERSATION, new FakeResponder());
    clock.advance(400);
    await turn();
    delivery.onError(...errorFor(link, "item-not-found"));
    link.sent[0]?.settle({ outcome: "processed" });
    await turn();
    await settled(clock);
    expect(rows.size).to.equal(1);
  });

  it("what fails while the gateway stops keeps its row, and the phones are left alone", async () => {
    const { link, delivery, clock, told, rows } = setUp();
    delivery.deliver(imWith("a"), CONVERSATION, new FakeResponder());
    clock.advance(400);
    await turn();
    delivery.hold();
    delivery.onError(...errorFor(link, "item-not-found"));
    link.sent[0]?.settle({ outcome: "processed" });
    await turn();
    await settled(clock);
    expect(told).to.deep.equal([]);
    expect(rows.size).to.equal(1);
  });

  it("a full queue is 503 with Retry-After, not the fault of the IM", () => {
    const { link, delivery } = setUp();
    const responder = new FakeResponder();
    delivery.deliver(imWith("a"), CONVERSATION, responder);
    link.sent[0]?.settle({ outcome: "refused", why: "too many", busy: true });
    expect(responder.statuses).to.deep.equal([503]);
    expect(responder.answers[0]?.answer?.headers).to.deep.equal([["Retry-After", "30"]]);
  });

  it("a foreign error text is cut to a line", () => {
    const { link, delivery } = setUp();
    const responder = new FakeResponder();
    delivery.deliver(imWith("a"), CONVERSATION, responder);
    const [error, from, to] = errorFor(link, "item-not-found");
    error.getChild("error")?.getChild("text")?.t("x".repeat(100_000));
    delivery.onError(error, from, to);
    link.sent[0]?.settle({ outcome: "processed" });
    expect(responder.answers[0]?.answer?.reason?.length).to.be.lessThan(300);
  });

  it("an error for an IM that we did not send makes no failure message", async () => {
    const { link, delivery, told } = setUp();
    delivery.deliver(imWith("a"), CONVERSATION, new FakeResponder());
    const [error, from, to] = errorFor(link, "item-not-found");
    link.sent[0]?.settle({ outcome: "processed" });
    delivery.onError(error, { ...from, local: "mallory" }, to);
    delivery.onError(error, from, { ...to, local: "bob" });
    error.attrs["id"] = "b";
    delivery.onError(error, from, to);
    await turn();
    expect(told).to.deep.equal([]);
  });

  it("what the link refuses is told with its reason", () => {
    const { link, delivery } = setUp();
    const responder = new FakeResponder();
    delivery.deliver(imWith("a"), CONVERSATION, responder);
    link.sent[0]?.settle({ outcome: "refused", why: "600000 bytes, at most 524288 can be sent" });
    expect(responder.statuses).to.deep.equal([406]);
    expect(responder.answers[0]?.answer?.reason).to.include("600000 bytes");
  });

  for (const outcome of ["refused", "cancelled"] as const) {
    it(`${outcome} before the row is on disk: told by the answer, and the row goes as well`, async () => {
      const { link, delivery, rows, journal, clock } = setUp();
      link.state = "waiting";
      const responder = new FakeResponder();
      delivery.deliver(imWith("a"), CONVERSATION, responder);
      link.sent[0]?.settle({ outcome, why: "" });
      await turn();
      await settled(clock);
      expect(responder.statuses).to.deep.equal([outcome === "refused" ? 406 : 503]);
      expect(rows.size).to.equal(0);
      expect(journal.count).to.equal(0);
    });
  }

  it("a row that the disk refused is not counted as open", async () => {
    const { delivery, clock, disk, journal } = setUp();
    disk.broken = true;
    delivery.deliver(imWith("a"), CONVERSATION, new FakeResponder());
    clock.advance(400);
    expect(journal.count).to.equal(1);
    await turn();
    expect(journal.count).to.equal(0);
  });

  it("a stop tells who has no answer yet with 503, and keeps the row of who has 202", async () => {
    const { link, delivery, clock, rows } = setUp();
    const [early, late] = [new FakeResponder(), new FakeResponder()];
    delivery.deliver(imWith("a"), CONVERSATION, early);
    clock.advance(400);
    await turn();
    delivery.deliver(imWith("b"), CONVERSATION, late);
    for (const { settle } of link.sent) settle({ outcome: "cancelled" });
    await turn();
    expect([early.statuses, late.statuses]).to.deep.equal([[202], [503]]);
    expect([...rows.values()].map((row) => JSON.parse(row.payload).stanzaId)).to.deep.equal(["a"]);
  });

  it("a row of the last run is sent again with its id and settled without an answer", async () => {
    const { link, delivery, rows, journal, clock } = setUp();
    const { row } = journal.accept("to-xmpp", "conv1", imWith("a"));
    clock.advance(1_000);
    delivery.resume(row);
    const stanza = link.sent[0]?.stanza;
    expect(stanza?.attrs["id"]).to.equal("a");
    expect(stanza?.getChild("delay", "urn:xmpp:delay")?.attrs["stamp"]).to.equal(new Date(0).toISOString());
    link.sent[0]?.settle({ outcome: "processed" });
    await turn();
    await settled(clock);
    expect(rows.size).to.equal(0);
  });

  it("two phones that choose the same branch are not taken for one", () => {
    const { link, delivery } = setUp();
    const [one, two] = [new FakeResponder(), new FakeResponder()];
    delivery.deliver(imWith("same"), CONVERSATION, one);
    delivery.deliver(imWith("same"), CONVERSATION, two);
    expect(link.sent.map(({ stanza }) => stanza.attrs["id"])).to.deep.equal(["same", "same-2"]);
    delivery.onError(...errorFor(link, "item-not-found"));
    for (const { settle } of link.sent) settle({ outcome: "processed" });
    expect([one.statuses, two.statuses]).to.deep.equal([[604], [200]]);
  });
});

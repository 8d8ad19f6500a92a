import { expect } from "chai";
import { parseJid } from "../../../xmpp/jid.ts";
import { errorReply } from "../../../xmpp/stanza-error.ts";
import { type DeliveryWorld, deliveryWorld, imWith as imOf, PHONE, settled, turn } from "./delivery-world.ts";
import type { FakeLink } from "./fake-link.ts";
import { FakeResponder } from "./fake-responder.ts";

const CONVERSATION = "conv1";

/** From Alice to Juliet, who is not known by a resource yet. */
function imWith(id: string, text = "Neither, fair saint") {
  return imOf(id, { jid: "juliet@xmpp.test", im: { text }, acceptedAt: 0 });
}

/** Alice's phone takes every failure message. */
async function setUp(): Promise<DeliveryWorld & { told: () => readonly string[] }> {
  const world = await deliveryWorld();
  world.engine.answers = () => 200;
  return { ...world, told: () => world.engine.bodies };
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
    const { link, delivery, rows, clock } = await setUp();
    const responder = new FakeResponder();
    delivery.sipToXmpp.deliver(imWith("a"), CONVERSATION, responder);
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
    expect(delivery.sipToXmpp.inFlight).to.equal(0);
  });

  it("an error stanza before the barrier becomes the mapped status with reason and text", async () => {
    const { link, delivery } = await setUp();
    const responder = new FakeResponder();
    delivery.sipToXmpp.deliver(imWith("a"), CONVERSATION, responder);
    delivery.sipToXmpp.onError(...errorFor(link, "service-unavailable"));
    link.sent[0]?.settle({ outcome: "processed" });
    expect(responder.answers[0]).to.deep.equal({
      status: 403,
      answer: { reason: "Not delivered. No such user (service-unavailable)" },
    });
  });

  it("no barrier within 400 ms: on disk, then 202; the row goes with the barrier", async () => {
    const { link, delivery, rows, clock } = await setUp();
    const responder = new FakeResponder();
    delivery.sipToXmpp.deliver(imWith("a"), CONVERSATION, responder);
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
    const { link, delivery, rows } = await setUp();
    link.state = "waiting";
    const responder = new FakeResponder();
    delivery.sipToXmpp.deliver(imWith("a"), CONVERSATION, responder);
    await turn();
    expect(responder.statuses).to.deep.equal([202]);
    expect(rows.size).to.equal(1);
  });

  it("the truth that comes before the row is on disk is told instead of 202", async () => {
    const { link, delivery, rows, clock } = await setUp();
    const responder = new FakeResponder();
    delivery.sipToXmpp.deliver(imWith("a"), CONVERSATION, responder);
    clock.advance(400);
    link.sent[0]?.settle({ outcome: "processed" });
    await turn();
    expect(responder.statuses).to.deep.equal([200]);
    await settled(clock);
    expect(rows.size).to.equal(0);
  });

  it("a disk that refuses the row: no 202, the sender waits for the barrier", async () => {
    const { link, delivery, clock, disk } = await setUp();
    disk.broken = true;
    const responder = new FakeResponder();
    delivery.sipToXmpp.deliver(imWith("a"), CONVERSATION, responder);
    clock.advance(400);
    await turn();
    expect(responder.statuses).to.deep.equal([]);
    link.sent[0]?.settle({ outcome: "processed" });
    expect(responder.statuses).to.deep.equal([200]);
  });

  it("an error after 202 becomes one failure message that names the IM, then the row goes", async () => {
    const { link, engine, delivery, clock, told, rows } = await setUp();
    const responder = new FakeResponder();
    delivery.sipToXmpp.deliver(imWith("a", "Wherefore art thou"), CONVERSATION, responder);
    clock.advance(400);
    await turn();
    delivery.sipToXmpp.onError(...errorFor(link, "item-not-found"));
    link.sent[0]?.settle({ outcome: "processed" });
    await turn();
    expect(responder.statuses).to.deep.equal([202]);
    expect(told()).to.deep.equal(["Not delivered. No such user (item-not-found) “Wherefore art thou”"]);
    const { to, from } = engine.sent[0]?.request ?? {};
    expect({ to, from }).to.deep.equal({ to: "<sip:alice@sip.test>", from: "<sip:juliet@xmpp.test>" });
    await settled(clock);
    expect(rows.size).to.equal(0);
  });

  it("an error after 200, as a remote server sends it, becomes a failure message too", async () => {
    const { link, delivery, told } = await setUp();
    delivery.sipToXmpp.deliver(imWith("a"), CONVERSATION, new FakeResponder());
    link.sent[0]?.settle({ outcome: "processed" });
    delivery.sipToXmpp.onError(...errorFor(link, "item-not-found"));
    delivery.sipToXmpp.onError(...errorFor(link, "item-not-found"));
    await turn();
    expect(told()).to.deep.equal(["Not delivered. No such user (item-not-found) “Neither, fair saint”"]);
  });

  it("a failure that no phone took keeps its row, in state failed, until a phone takes it", async () => {
    const { link, delivery, clock, engine, states, told, register, settled } = await setUp();
    await delivery.start();
    engine.answers = () => 480;
    delivery.sipToXmpp.deliver(imWith("a"), CONVERSATION, new FakeResponder());
    clock.advance(400);
    await turn();
    delivery.sipToXmpp.onError(...errorFor(link, "item-not-found"));
    link.sent[0]?.settle({ outcome: "processed" });
    await settled();
    expect(told()).to.have.length(1);
    expect(states()).to.deep.equal(["failed"]);
    engine.answers = () => 200;
    await register(PHONE);
    await settled();
    expect(told()).to.have.length(2);
    expect(states()).to.deep.equal([]);
  });

  it("an error after 200 makes a row in state failed, which the next start tells", async () => {
    const { link, delivery, engine, rows, states } = await setUp();
    engine.answers = () => 480;
    delivery.sipToXmpp.deliver(imWith("a"), CONVERSATION, new FakeResponder());
    link.sent[0]?.settle({ outcome: "processed" });
    delivery.sipToXmpp.onError(...errorFor(link, "item-not-found"));
    await turn();
    expect(states()).to.deep.equal(["failed"]);

    const next = await deliveryWorld({ rows });
    next.engine.answers = () => 200;
    for (const row of (await next.journal.open()).rows) next.delivery.resume(row);
    await next.settled();
    expect(next.engine.bodies).to.deep.equal(["Not delivered. No such user (item-not-found) “Neither, fair saint”"]);
    expect(next.link.sent, "it is not sent again").to.deep.equal([]);
    expect(states()).to.deep.equal([]);
  });

  it("what fails while the gateway stops keeps its row, and the phones are left alone", async () => {
    const { link, delivery, clock, told, rows } = await setUp();
    delivery.sipToXmpp.deliver(imWith("a"), CONVERSATION, new FakeResponder());
    clock.advance(400);
    await turn();
    delivery.holdTowardsXmpp();
    delivery.sipToXmpp.onError(...errorFor(link, "item-not-found"));
    link.sent[0]?.settle({ outcome: "processed" });
    await turn();
    await settled(clock);
    expect(told()).to.deep.equal([]);
    expect(rows.size).to.equal(1);
  });

  it("a full queue is 503 with Retry-After, not the fault of the IM", async () => {
    const { link, delivery } = await setUp();
    const responder = new FakeResponder();
    delivery.sipToXmpp.deliver(imWith("a"), CONVERSATION, responder);
    link.sent[0]?.settle({ outcome: "refused", why: "too many", busy: true });
    expect(responder.statuses).to.deep.equal([503]);
    expect(responder.answers[0]?.answer?.headers).to.deep.equal([["Retry-After", "30"]]);
  });

  it("a foreign error text is cut to a line", async () => {
    const { link, delivery } = await setUp();
    const responder = new FakeResponder();
    delivery.sipToXmpp.deliver(imWith("a"), CONVERSATION, responder);
    const [error, from, to] = errorFor(link, "item-not-found");
    error.getChild("error")?.getChild("text")?.t("x".repeat(100_000));
    delivery.sipToXmpp.onError(error, from, to);
    link.sent[0]?.settle({ outcome: "processed" });
    expect(responder.answers[0]?.answer?.reason?.length).to.be.lessThan(300);
  });

  it("an error for an IM that we did not send makes no failure message", async () => {
    const { link, delivery, told } = await setUp();
    delivery.sipToXmpp.deliver(imWith("a"), CONVERSATION, new FakeResponder());
    const [error, from, to] = errorFor(link, "item-not-found");
    link.sent[0]?.settle({ outcome: "processed" });
    delivery.sipToXmpp.onError(error, { ...from, local: "mallory" }, to);
    delivery.sipToXmpp.onError(error, from, { ...to, local: "bob" });
    error.attrs["id"] = "b";
    delivery.sipToXmpp.onError(error, from, to);
    await turn();
    expect(told()).to.deep.equal([]);
  });

  it("what the link refuses is told with its reason", async () => {
    const { link, delivery } = await setUp();
    const responder = new FakeResponder();
    delivery.sipToXmpp.deliver(imWith("a"), CONVERSATION, responder);
    link.sent[0]?.settle({ outcome: "refused", why: "600000 bytes, at most 524288 can be sent" });
    expect(responder.statuses).to.deep.equal([406]);
    expect(responder.answers[0]?.answer?.reason).to.include("600000 bytes");
  });

  it("cancelled before the row is on disk: told by the answer, and the row goes as well", async () => {
    const { link, delivery, rows, journal, settled } = await setUp();
    link.state = "waiting";
    const responder = new FakeResponder();
    delivery.sipToXmpp.deliver(imWith("a"), CONVERSATION, responder);
    link.sent[0]?.settle({ outcome: "cancelled" });
    await settled();
    expect(responder.statuses).to.deep.equal([503]);
    expect(rows.size).to.equal(0);
    expect(journal.count).to.equal(0);
  });

  it("refused before the row is on disk: told by the answer, and set aside for an operator", async () => {
    const { link, delivery, journal, settled } = await setUp();
    link.state = "waiting";
    const responder = new FakeResponder();
    delivery.sipToXmpp.deliver(imWith("a"), CONVERSATION, responder);
    link.sent[0]?.settle({ outcome: "refused", why: "it ends the stream" });
    await settled();
    expect(responder.statuses).to.deep.equal([406]);
    const rows = await journal.rows({});
    expect(rows.map(({ state, problem }) => ({ state, problem }))).to.deep.equal([
      { state: "set-aside", problem: "it ends the stream" },
    ]);
    expect(journal.count, "nothing is under way for it").to.equal(0);
  });

  it("refused after 202: its sender is told, then it is set aside", async () => {
    const { link, delivery, engine, clock, states } = await setUp();
    engine.answers = undefined;
    delivery.sipToXmpp.deliver(imWith("a"), CONVERSATION, new FakeResponder());
    clock.advance(400);
    await turn();
    link.sent[0]?.settle({ outcome: "refused", why: "it ends the stream" });
    await turn();
    expect(states()).to.deep.equal(["failed"]);
    engine.sent[0]?.answer(200);
    await turn();
    expect(states()).to.deep.equal(["set-aside"]);
  });

  it("a row that the disk refused is not counted as open", async () => {
    const { delivery, clock, disk, journal } = await setUp();
    disk.broken = true;
    delivery.sipToXmpp.deliver(imWith("a"), CONVERSATION, new FakeResponder());
    clock.advance(400);
    expect(journal.count).to.equal(1);
    await turn();
    expect(journal.count).to.equal(0);
  });

  it("a stop tells who has no answer yet with 503, and keeps the row of who has 202", async () => {
    const { link, delivery, clock, rows } = await setUp();
    const [early, late] = [new FakeResponder(), new FakeResponder()];
    delivery.sipToXmpp.deliver(imWith("a"), CONVERSATION, early);
    clock.advance(400);
    await turn();
    delivery.sipToXmpp.deliver(imWith("b"), CONVERSATION, late);
    for (const { settle } of link.sent) settle({ outcome: "cancelled" });
    await turn();
    expect([early.statuses, late.statuses]).to.deep.equal([[202], [503]]);
    expect([...rows.values()].map((row) => JSON.parse(row.payload).stanzaId)).to.deep.equal(["a"]);
  });

  it("a row of the last run is sent again with its id and settled without an answer", async () => {
    const { link, delivery, rows, journal, clock } = await setUp();
    const { row } = journal.accept("to-xmpp", "conv1", imWith("a"));
    clock.advance(1_000);
    delivery.sipToXmpp.resume(row);
    const stanza = link.sent[0]?.stanza;
    expect(stanza?.attrs["id"]).to.equal("a");
    expect(stanza?.getChild("delay", "urn:xmpp:delay")?.attrs["stamp"]).to.equal(new Date(0).toISOString());
    link.sent[0]?.settle({ outcome: "processed" });
    await turn();
    await settled(clock);
    expect(rows.size).to.equal(0);
  });

  it("two phones that choose the same branch are not taken for one", async () => {
    const { link, delivery } = await setUp();
    const [one, two] = [new FakeResponder(), new FakeResponder()];
    delivery.sipToXmpp.deliver(imWith("same"), CONVERSATION, one);
    delivery.sipToXmpp.deliver(imWith("same"), CONVERSATION, two);
    expect(link.sent.map(({ stanza }) => stanza.attrs["id"])).to.deep.equal(["same", "same-2"]);
    delivery.sipToXmpp.onError(...errorFor(link, "item-not-found"));
    for (const { settle } of link.sent) settle({ outcome: "processed" });
    expect([one.statuses, two.statuses]).to.deep.equal([[604], [200]]);
  });
});

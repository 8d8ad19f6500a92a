import { expect } from "chai";
import type { AcceptedIm } from "../../../gateway/delivery/journal.ts";
import { Receipts } from "../../../gateway/delivery/receipts.ts";
import { SAME_DOMAINS } from "../../../gateway/mapping/address.ts";
import type { Asked, Disposition } from "../../../gateway/mapping/instant-message.ts";
import type { MessageRequest } from "../../../gateway/mapping/to-sip.ts";
import { type Jid, parseJid } from "../../../xmpp/jid.ts";
import { ALICE, type DeliveryWorld, deliveryWorld, imWith, JULIET, PHONE, turn } from "./delivery-world.ts";

const DAY = 24 * 3_600_000;

function jidOf(text: string): Jid {
  const jid = parseJid(text);
  if (!jid.ok) throw new Error(jid.why);
  return jid.value;
}

/** The receipts and marks that went to the XMPP server. */
function toldXmpp({ link }: DeliveryWorld): readonly string[] {
  return link.sent.map(({ stanza }) => {
    const [report] = stanza.getChildElements();
    return `${stanza.attrs["to"]} ${report?.name} ${report?.attrs["id"]}`;
  });
}

describe("XEP-0184 a receipt for an XMPP user whose IM goes to a phone", () => {
  const ASKING = imWith("a", { im: { asks: ["delivered"] as const, messageId: "call-a" } });

  async function afterAnswer(status: number, setUp: (world: DeliveryWorld) => void = () => {}) {
    const world = await deliveryWorld();
    setUp(world);
    world.delivery.xmppToSip.deliver(ASKING, "conv1");
    world.engine.sent[0]?.answer(status);
    await turn();
    return world;
  }

  it("a 200 gives one; the row goes when the XMPP server has it", async () => {
    const world = await afterAnswer(200);
    expect(toldXmpp(world)).to.deep.equal([`${JULIET} received a`]);
    await world.settled();
    expect(world.rows.size).to.equal(1);
    world.link.sent[0]?.settle({ outcome: "processed" });
    await world.settled();
    expect(world.rows.size).to.equal(0);
  });

  it("RFC 3428 §7: a 202 gives none, somebody else will try", async () => {
    const world = await afterAnswer(202);
    await world.settled();
    expect(world.link.sent).to.deep.equal([]);
    expect(world.rows.size).to.equal(0);
  });

  it("§5.1: none for an IM that did not ask", async () => {
    const world = await deliveryWorld();
    world.delivery.xmppToSip.deliver(imWith("a"), "conv1");
    world.engine.sent[0]?.answer(200);
    await turn();
    expect(world.link.sent).to.deep.equal([]);
  });

  it("the server is away: the row says that it is owed, and the next start pays, without a second delivery", async () => {
    const world = await afterAnswer(200, ({ link }) => {
      link.state = "waiting";
    });
    expect(world.states()).to.deep.equal(["confirmed"]);
    world.link.sent[0]?.settle({ outcome: "cancelled" });
    await world.settled();
    expect(world.states()).to.deep.equal(["confirmed"]);

    const next = await deliveryWorld({ rows: world.rows });
    for (const row of (await next.journal.open()).rows) next.delivery.resume(row);
    expect(next.engine.sent).to.deep.equal([]);
    expect(toldXmpp(next)).to.deep.equal([`${JULIET} received a`]);
  });

  it("RFC 5438 §7.2.1: a phone that was asked for an IMDN gives it by that alone", async () => {
    const world = await afterAnswer(200, ({ features }) => {
      features.learn(ALICE, PHONE, "cpim");
      features.learn(ALICE, PHONE, "imdn");
    });
    expect(world.link.sent).to.deep.equal([]);
    await world.settled();
    expect(world.rows.size).to.equal(0);
    await world.delivery.receipts.onDispositionFromSip(ALICE, jidOf("juliet@xmpp.test"), {
      messageId: "call-a",
      outcome: "delivered",
    });
    expect(toldXmpp(world)).to.deep.equal([`${JULIET} received a`]);
  });

  it("a phone that has shown CPIM and no IMDN is not asked: its 200 gives the receipt", async () => {
    const world = await afterAnswer(200, ({ features }) => features.learn(ALICE, PHONE, "cpim"));
    expect(world.engine.bodies[0]).to.include("Content-Type: text/plain").and.not.include("Disposition-Notification");
    expect(toldXmpp(world)).to.deep.equal([`${JULIET} received a`]);
  });

  it("what a 200 has told is not told again by the IMDN that a phone sends all the same", async () => {
    const world = await deliveryWorld();
    const asks = ["delivered", "displayed"] as const;
    world.delivery.xmppToSip.deliver(imWith("a", { im: { asks, messageId: "call-a" } }), "conv1");
    world.engine.sent[0]?.answer(200);
    await turn();
    for (const outcome of asks) {
      const report = { messageId: "call-a", outcome };
      await world.delivery.receipts.onDispositionFromSip(ALICE, jidOf("juliet@xmpp.test"), report);
    }
    expect(toldXmpp(world)).to.deep.equal([`${JULIET} received a`, `${JULIET} displayed a`]);
  });

  it("of two phones, one of which was asked for an IMDN, it comes once", async () => {
    const mobile = "sip:alice@127.0.0.1:5072";
    const world = await deliveryWorld({ contacts: [PHONE, mobile] });
    world.features.learn(ALICE, mobile, "cpim");
    world.features.learn(ALICE, mobile, "imdn");
    world.delivery.xmppToSip.deliver(ASKING, "conv1");
    for (const { answer } of world.engine.sent) answer(200);
    await turn();
    await world.delivery.receipts.onDispositionFromSip(ALICE, jidOf("juliet@xmpp.test"), {
      messageId: "call-a",
      outcome: "delivered",
    });
    expect(toldXmpp(world)).to.deep.equal([`${JULIET} received a`]);
  });

  it("IMs that waited for a phone have theirs as well", async () => {
    const world = await deliveryWorld({ contacts: [] });
    await world.delivery.start();
    world.delivery.xmppToSip.deliver(ASKING, "conv1");
    await turn();
    expect(world.link.sent).to.deep.equal([]);
    world.engine.answers = () => 200;
    await world.register(PHONE);
    await turn();
    expect(toldXmpp(world)).to.deep.equal([`${JULIET} received a`]);
  });
});

/** Juliet's IM `a` has gone to Alice's phone as `m-a`, with these wishes. */
async function awaiting(asks: readonly Asked[]) {
  const world = await deliveryWorld();
  world.delivery.receipts.expectFromSip(imWith("a", { im: { asks } }), "m-a");
  await turn();
  const report = (outcome: Asked, over: Partial<Disposition & { aor: string; peer: string }> = {}) => {
    const { aor = ALICE, peer = "juliet@xmpp.test", messageId = "m-a" } = over;
    return world.delivery.receipts.onDispositionFromSip(aor, jidOf(peer), { messageId, outcome });
  };
  return { ...world, report, told: () => toldXmpp(world) };
}

describe("RFC 5438 what a phone reports on an IM of an XMPP user", () => {
  it("delivered and displayed become a receipt and a marker, each once", async () => {
    const { report, told, awaited } = await awaiting(["delivered", "displayed"]);
    for (const outcome of ["delivered", "delivered", "displayed", "displayed"] as const) await report(outcome);
    expect(told()).to.deep.equal([`${JULIET} received a`, `${JULIET} displayed a`]);
    expect(awaited.size).to.equal(0);
  });

  it("displayed without delivered before it: who has read it has it", async () => {
    const { report, told, awaited } = await awaiting(["delivered", "displayed"]);
    await report("displayed");
    await report("delivered");
    expect(told()).to.deep.equal([`${JULIET} displayed a`]);
    expect(awaited.size).to.equal(0);
  });

  it("what was not asked for is not told", async () => {
    const { report, told } = await awaiting(["displayed"]);
    await report("delivered");
    expect(told()).to.deep.equal([]);
    await report("displayed");
    expect(told()).to.deep.equal([`${JULIET} displayed a`]);
  });

  it("failed becomes an error stanza for the IM, and ends it", async () => {
    const { report, link, counters } = await awaiting(["delivered"]);
    for (const outcome of ["failed", "failed", "delivered"] as const) await report(outcome);
    expect(link.sent).to.have.length(1);
    const error = link.sent[0]?.stanza;
    expect(error?.attrs).to.deep.include({ type: "error", id: "a", from: ALICE, to: JULIET });
    expect(error?.getChild("error")?.getChild("recipient-unavailable")).to.not.equal(undefined);
    expect(counters.snapshot()).to.include({ "im.to-sip.failed": 1 });
  });

  it("nobody reports on what was sent to somebody else, or from somebody else, or under another name", async () => {
    const { report, link } = await awaiting(["delivered", "displayed"]);
    for (const outcome of ["delivered", "displayed", "failed"] as const) {
      await report(outcome, { aor: "mallory@sip.test" });
      await report(outcome, { peer: "romeo@xmpp.test" });
      await report(outcome, { messageId: "m-b" });
    }
    expect(link.sent).to.deep.equal([]);
  });

  it("counts for two weeks", async () => {
    const { report, told, clock, delivery } = await awaiting(["delivered", "displayed"]);
    clock.advance(14 * DAY - 1);
    await report("delivered");
    expect(told()).to.have.length(1);
    delivery.receipts.expectFromSip(imWith("b", { im: { asks: ["delivered"] } }), "m-b");
    await turn();
    clock.advance(14 * DAY);
    await report("delivered", { messageId: "m-b" });
    expect(told()).to.have.length(1);
  });

  it("what nobody will ask for any more leaves the store", async () => {
    const { awaited, delivery, wait } = await awaiting(["delivered"]);
    delivery.receipts.start();
    await wait(14 * DAY - 60_000);
    expect(awaited.size).to.equal(1);
    await wait(120_000);
    expect(awaited.size).to.equal(0);
  });

  it("an IM without an id is not waited for, nor one that asks for nothing", async () => {
    const { delivery, awaited } = await deliveryWorld();
    delivery.receipts.expectFromSip(imWith("a", { stanzaId: undefined, im: { asks: ["delivered"] } }), "m-a");
    delivery.receipts.expectFromSip(imWith("b"), "m-b");
    await turn();
    expect(awaited.size).to.equal(0);
  });
});

/** Alice's IM `m-a` has gone to Juliet as stanza `a`. */
async function awaitingXmpp(asks: readonly Asked[], messageId = "m-a") {
  const world = await deliveryWorld();
  const notified: { readonly aor: string; readonly message: MessageRequest }[] = [];
  const receipts = new Receipts({
    ...world,
    store: world.awaitedReceipts,
    sendToPhones: async (aor, message) => {
      notified.push({ aor, message });
      return "told";
    },
    newId: () => "fresh",
    domains: SAME_DOMAINS,
    onFailed: () => {},
  });
  const sent = imWith("a", { jid: "juliet@xmpp.test", im: { asks, messageId } });
  receipts.expectFromXmpp(sent, "a");
  await turn();
  const report = (outcome: Asked, from = JULIET, aor = ALICE) =>
    receipts.onDispositionFromXmpp(jidOf(from), aor, { messageId: "a", outcome });
  const statuses = () => notified.map(({ message }) => /<status>\s*<(\w+)/.exec(String(message.body))?.[1]);
  return { receipts, sent, notified, report, statuses };
}

describe("XEP-0184, XEP-0333 what an XMPP client reports on an IM of a SIP user", () => {
  it("a receipt and a marker become IMDNs that name the phone's Message-ID, each once", async () => {
    const { notified, report, statuses } = await awaitingXmpp(["delivered", "displayed", "failed"]);
    for (const outcome of ["delivered", "delivered", "displayed", "displayed"] as const) await report(outcome);
    expect(statuses()).to.deep.equal(["delivered", "displayed"]);
    expect(notified[0]?.aor).to.equal(ALICE);
    const { from, to, callId, body } = notified[0]?.message ?? {};
    expect({ from, to, callId }).to.deep.equal({
      from: "<sip:juliet@xmpp.test>",
      to: "<sip:alice@sip.test>",
      callId: "fresh",
    });
    expect(String(body)).to.include("<message-id>m-a</message-id>");
  });

  it("in CPIM for who wrote in CPIM, and as it is for who did not", async () => {
    const typeOf = ({ headers = [] }: Partial<MessageRequest> = {}) => new Map(headers).get("Content-Type");
    const cpim = await awaitingXmpp(["delivered"]);
    await cpim.report("delivered");
    expect(typeOf(cpim.notified[0]?.message)).to.equal("message/cpim");
    const plain = await awaitingXmpp(["delivered"], "call-a");
    await plain.report("delivered");
    expect(typeOf(plain.notified[0]?.message)).to.equal("message/imdn+xml");
  });

  it("nobody reports on what was sent to somebody else", async () => {
    const { report, notified } = await awaitingXmpp(["delivered", "displayed"]);
    await report("delivered", "mallory@xmpp.test/x");
    await report("displayed", JULIET, "bob@sip.test");
    expect(notified).to.deep.equal([]);
    await report("delivered", "juliet@xmpp.test/another-device");
    expect(notified).to.have.length(1);
  });

  it("XEP-0333 §1: a mark speaks of the messages of that phone before it too, the oldest first, and of no later one", async () => {
    const { receipts, notified, report } = await awaitingXmpp(["delivered", "displayed"]);
    const { im, acceptedAt, ...sent } = imWith("a", { jid: "juliet@xmpp.test" });
    const send = (messageId: string, at: number, over: Partial<AcceptedIm> & { asks?: readonly Asked[] } = {}) => {
      const { asks = ["displayed"], ...rest } = over;
      const accepted = { ...sent, im: { ...im, asks, messageId }, acceptedAt: acceptedAt + at, ...rest };
      receipts.expectFromXmpp(accepted, `stanza-${messageId}`);
    };
    send("just before", -1);
    send("long before", -9);
    send("only delivered", -5, { asks: ["delivered"] });
    send("of another phone", -5, { device: "<urn:2>" });
    send("to another person", -5, { jid: "juliet@xmpp.test2" });
    send("after", 1);
    await turn();
    for (let times = 0; times < 2; times += 1) {
      await report("displayed");
      for (let turns = 0; turns < 5; turns += 1) await turn();
    }
    const named = notified.map(({ message }) => /<message-id>(.*)<\/message-id>/.exec(String(message.body))?.[1]);
    expect(named).to.deep.equal(["long before", "just before", "m-a"]);
  });

  it("RFC 5438 §7.2.1.1: a failure is told to a client that asked for it", async () => {
    const { receipts, sent, statuses } = await awaitingXmpp(["failed"]);
    receipts.failed(sent);
    expect(statuses()).to.deep.equal(["failed"]);
    receipts.failed({ ...sent, im: { ...sent.im, asks: ["delivered"] } });
    expect(statuses()).to.have.length(1);
  });
});

describe("receipts for phones", () => {
  const REPORT = { messageId: "a", outcome: "delivered" } as const;
  const MOBILE = "sip:alice@127.0.0.1:5072";

  async function reported(status: number) {
    const world = await deliveryWorld({ contacts: [PHONE, MOBILE] });
    world.features.learn(ALICE, MOBILE, "imdn");
    world.engine.answers = () => status;
    const { receipts } = world.delivery;
    for (const stanzaId of ["a", "b"]) {
      const im = { asks: ["delivered"] as const, messageId: "call-a" };
      receipts.expectFromXmpp(imWith("a", { jid: "juliet@xmpp.test", im }), stanzaId);
      await turn();
      await receipts.onDispositionFromXmpp(jidOf(JULIET), ALICE, { ...REPORT, messageId: stanzaId });
      await turn();
    }
    return world;
  }

  it("go to those that understand message/imdn+xml", async () => {
    expect((await reported(200)).engine.uris).to.deep.equal([MOBILE, MOBILE]);
  });

  it("RFC 3261 §21.4.13: not again to one that answers 415", async () => {
    expect((await reported(415)).engine.uris).to.deep.equal([MOBILE]);
  });

  it("are never journaled, and their failure is told to nobody", async () => {
    const { rows, link } = await reported(480);
    expect(rows.size).to.equal(0);
    expect(link.sent).to.deep.equal([]);
  });
});

import { expect } from "chai";
import { deliveryWorld, imWith, JULIET, PHONE, turn, UDP_FLOW } from "./delivery-world.ts";

const AWAY = ["sip:alice@127.0.0.1:5071", "sip:alice@127.0.0.1:5072"];

describe("delivery from XMPP to SIP", () => {
  it("the row is written beside the first attempt and goes with the 2xx", async () => {
    const { engine, rows, delivery, settled } = await deliveryWorld();
    delivery.xmppToSip.deliver(imWith("a"), "conv1");
    expect(rows.size).to.equal(1);
    const sent = engine.sent[0]?.request;
    expect(sent).to.deep.include({ method: "MESSAGE", uri: PHONE, callId: "call-a", flow: UDP_FLOW });
    expect(sent?.from).to.equal("<sip:juliet@xmpp.test>");
    expect(sent?.body?.toString()).to.equal("text of a");
    engine.sent[0]?.answer(200);
    await settled();
    expect(rows.size).to.equal(0);
  });

  it("goes to every binding at once; one 2xx is delivery", async () => {
    const { engine, rows, link, delivery, settled } = await deliveryWorld({ contacts: AWAY });
    delivery.xmppToSip.deliver(imWith("a"), "conv1");
    expect(engine.uris).to.have.members(AWAY);
    engine.sent[0]?.answer(480);
    engine.sent[1]?.answer(200);
    await settled();
    expect(rows.size).to.equal(0);
    expect(link.sent).to.deep.equal([]);
  });

  it("a refusal becomes an error stanza with the condition, the SIP reason and the text", async () => {
    const { engine, rows, link, states, delivery, settled } = await deliveryWorld();
    delivery.xmppToSip.deliver(imWith("a"), "conv1");
    engine.sent[0]?.answer(486, { reason: "Busy Here" });
    await turn();
    const error = link.sent[0]?.stanza;
    expect(error?.attrs).to.deep.include({ type: "error", id: "a", from: "alice@sip.test", to: JULIET });
    expect(error?.getChild("error")?.getChild("recipient-unavailable")).to.not.equal(undefined);
    expect(error?.getChild("error")?.getChildText("text")).to.equal("Not delivered. (SIP 486 Busy Here)");
    expect(states(), "until the server has the error").to.deep.equal(["failed"]);
    link.sent[0]?.settle({ outcome: "processed" });
    await settled();
    expect(rows.size).to.equal(0);
  });

  it("the row says that it failed before its sender is told, so that no restart delivers it after all", async () => {
    const { engine, rows, delivery } = await deliveryWorld();
    delivery.xmppToSip.deliver(imWith("a"), "conv1");
    engine.sent[0]?.answer(486, { reason: "Busy Here" });
    await turn();

    const next = await deliveryWorld({ rows });
    for (const row of (await next.journal.open()).rows) next.delivery.resume(row);
    expect(next.engine.sent).to.deep.equal([]);
    const text = next.link.sent[0]?.stanza.getChild("error")?.getChildText("text");
    expect(text).to.equal("Not delivered. (SIP 486 Busy Here)");
  });

  it("a row of the last run that was under way is sent again with its Call-ID", async () => {
    const { rows, delivery } = await deliveryWorld();
    delivery.xmppToSip.deliver(imWith("a"), "conv1");

    const next = await deliveryWorld({ rows });
    for (const row of (await next.journal.open()).rows) next.delivery.resume(row);
    expect(next.engine.callIds).to.deep.equal(["call-a"]);
    next.engine.sent[0]?.answer(200);
    await next.settled();
    expect(rows.size).to.equal(0);
  });

  it("nobody registered: it is stored, nothing is sent and nobody is told", async () => {
    const { engine, link, states, delivery } = await deliveryWorld({ contacts: [] });
    delivery.xmppToSip.deliver(imWith("a"), "conv1");
    await turn();
    expect(engine.sent).to.deep.equal([]);
    expect(link.sent).to.deep.equal([]);
    expect(states()).to.deep.equal(["stored"]);
    expect(delivery.stored).to.equal(1);
  });

  it("im.suppress-offline: refused with recipient-unavailable instead, without a row", async () => {
    const { link, rows, set, delivery } = await deliveryWorld({ contacts: [] });
    await set("im.suppress-offline", "on");
    delivery.xmppToSip.deliver(imWith("a"), "conv1");
    await turn();
    expect(rows.size).to.equal(0);
    const error = link.sent[0]?.stanza.getChild("error");
    expect(error?.getChild("recipient-unavailable")).to.not.equal(undefined);
    expect(error?.attrs["type"]).to.equal("wait");
  });

  it("a disk that refuses the row of an IM that would have to wait: its sender is told", async () => {
    const { link, disk, delivery } = await deliveryWorld({ contacts: [] });
    disk.broken = true;
    delivery.xmppToSip.deliver(imWith("a"), "conv1");
    await turn();
    expect(link.sent[0]?.stanza.getChild("error")?.getChild("resource-constraint")).to.not.equal(undefined);
    expect(delivery.stored).to.equal(0);
  });

  it("one IM of a conversation waits for the answer to the one before, other conversations do not", async () => {
    const { engine, delivery } = await deliveryWorld();
    delivery.xmppToSip.deliver(imWith("a1"), "conv1");
    delivery.xmppToSip.deliver(imWith("a2"), "conv1");
    delivery.xmppToSip.deliver(imWith("b1", { jid: "romeo@xmpp.test/orchard" }), "conv2");
    await turn();
    expect(engine.callIds).to.deep.equal(["call-a1", "call-b1"]);
    engine.sent[0]?.answer(200);
    await turn();
    expect(engine.callIds).to.deep.equal(["call-a1", "call-b1", "call-a2"]);
  });

  it("after a crash the conversation may have another id: its IMs still go one after the other", async () => {
    const { engine, delivery } = await deliveryWorld();
    delivery.xmppToSip.deliver(imWith("a1"), "conv1");
    delivery.xmppToSip.deliver(imWith("a2", { jid: "juliet@xmpp.test/garden" }), "conv2");
    await turn();
    expect(engine.callIds).to.deep.equal(["call-a1"]);
    engine.sent[0]?.answer(200);
    await turn();
    expect(engine.callIds).to.deep.equal(["call-a1", "call-a2"]);
  });

  it("a stop begins nothing more and tells nothing false: the rows stay for the next start", async () => {
    const { engine, link, rows, journal, delivery } = await deliveryWorld();
    delivery.xmppToSip.deliver(imWith("a"), "conv1");
    delivery.xmppToSip.deliver(imWith("b"), "conv1");
    const held = delivery.holdTowardsSip();
    engine.sent[0]?.answer(503, { madeHere: true });
    await held;
    expect(link.sent).to.deep.equal([]);
    expect((await journal.open()).rows.map((row) => row.accepted.stanzaId)).to.deep.equal(["a", "b"]);
    expect(rows.size).to.equal(2);
  });

  it("the time for its answer is timer F less the time that it waited for the one before, but never nothing", async () => {
    const { engine, clock, delivery } = await deliveryWorld();
    for (const id of ["a", "b", "c"]) delivery.xmppToSip.deliver(imWith(id), "conv1");
    for (const waitedMs of [12_000, 30_000]) {
      clock.advance(waitedMs);
      engine.sent.at(-1)?.answer(200);
      await turn();
    }
    expect(engine.sent.map(({ request }) => request.timeoutMs)).to.deep.equal([32_000, 20_000, 2_000]);
  });
});

import { expect } from "chai";
import { parseJid } from "../../../xmpp/jid.ts";
import { errorReply } from "../../../xmpp/stanza-error.ts";
import { type DeliveryWorld, deliveryWorld, imWith, PHONE, turn } from "./delivery-world.ts";
import { FakeResponder } from "./fake-responder.ts";
import { setUp } from "./operator-world.ts";

const AGAIN_MS = 10_000;

/** The XMPP server refuses the first stanza that it got. */
function refuse({ link, delivery }: DeliveryWorld): void {
  const sent = link.sent[0];
  const error = sent && errorReply(sent.stanza, { condition: "item-not-found", text: "No such user" });
  const from = parseJid(error?.attrs["from"] ?? "");
  const to = parseJid(error?.attrs["to"] ?? "");
  if (error === undefined || !from.ok || !to.ok) throw new Error("nothing was sent");
  delivery.sipToXmpp.onError(error, from.value, to.value);
  sent?.settle({ outcome: "processed" });
}

/** At the next start a row that does not say so would be delivered after all. */
describe("a full disk while a failure is to be told", () => {
  it("to a SIP user: nothing is said before the disk has it, which is asked every 10 s", async () => {
    const world = await deliveryWorld();
    const { delivery, disk, engine, states, wait, settled } = world;
    engine.answers = () => 200;
    const responder = new FakeResponder();
    delivery.sipToXmpp.deliver(imWith("a"), "conv1", responder);
    await wait(400);
    expect(responder.statuses).to.deep.equal([202]);
    disk.broken = true;
    refuse(world);
    await wait(AGAIN_MS);
    await wait(AGAIN_MS);
    expect(engine.sent).to.deep.equal([]);
    expect(states()).to.deep.equal(["accepted"]);
    disk.broken = false;
    await wait(AGAIN_MS - 1);
    expect(engine.sent).to.deep.equal([]);
    await wait(1);
    expect(engine.bodies).to.deep.equal(["Not delivered. No such user (item-not-found) “text of a”"]);
    await settled();
    expect(states()).to.deep.equal([]);
  });

  it("to an XMPP user: the same, and one error", async () => {
    const { delivery, disk, engine, link, states, wait, settled } = await deliveryWorld();
    delivery.xmppToSip.deliver(imWith("a"), "conv1");
    await turn();
    disk.broken = true;
    engine.sent[0]?.answer(486, { reason: "Busy Here" });
    await wait(AGAIN_MS);
    await wait(AGAIN_MS);
    expect(link.sent).to.deep.equal([]);
    expect(states()).to.deep.equal(["accepted"]);
    disk.broken = false;
    await wait(AGAIN_MS);
    const texts = link.sent.map(({ stanza }) => stanza.getChild("error")?.getChildText("text"));
    expect(texts).to.deep.equal(["Not delivered. (SIP 486 Busy Here)"]);
    link.sent[0]?.settle({ outcome: "processed" });
    await settled();
    expect(states()).to.deep.equal([]);
    expect(engine.sent, "it is not sent again").to.have.length(1);
  });

  it("one that has expired: told once when there is room, and not delivered meanwhile, though others are", async () => {
    const world = await deliveryWorld({ contacts: [] });
    const { delivery, clock, disk, engine, link, set, register, states, wait, settled } = world;
    await delivery.start();
    engine.answers = () => 200;
    await set("im.offline-expiry", "60");
    delivery.xmppToSip.deliver(imWith("old"), "conv1");
    await wait(65_000);
    delivery.xmppToSip.deliver(imWith("new", { acceptedAt: clock.now() }), "conv1");
    await turn();
    disk.broken = true;
    for (let sweep = 0; sweep < 3; sweep += 1) await wait(AGAIN_MS);
    expect(delivery.stored, "the new one alone").to.equal(1);
    await register(PHONE);
    await turn();
    expect(engine.callIds).to.deep.equal(["call-new"]);
    expect(link.sent).to.deep.equal([]);
    disk.broken = false;
    for (let second = 0; second < 10; second += 1) await wait(1_000);
    await settled();
    expect(states()).to.deep.equal(["expired"]);
    expect(link.sent.map(({ stanza }) => [stanza.attrs["id"], stanza.attrs["type"]])).to.deep.equal([["old", "error"]]);
    expect(engine.callIds).to.deep.equal(["call-new"]);
  });

  it("one that its phone refused after it had waited: refused once, told once", async () => {
    const { delivery, disk, engine, link, register, wait } = await deliveryWorld({ contacts: [] });
    await delivery.start();
    for (const id of ["refused", "waits"]) delivery.xmppToSip.deliver(imWith(id), "conv1");
    await turn();
    disk.broken = true;
    engine.answers = ({ callId }) => (callId === "call-refused" ? 603 : 480);
    await register(PHONE);
    await turn();
    await register(PHONE);
    await turn();
    expect(engine.callIds).to.deep.equal(["call-refused", "call-waits", "call-waits"]);
    disk.broken = false;
    await wait(AGAIN_MS);
    await wait(AGAIN_MS);
    expect(link.sent.map(({ stanza }) => stanza.attrs["id"])).to.deep.equal(["refused"]);
    expect(delivery.stored).to.equal(1);
  });

  it("an operator who drops it meanwhile does not make it fail twice", async () => {
    const { messages, delivery, disk, link, rows, wait } = await setUp({ contacts: [] });
    delivery.xmppToSip.deliver(imWith("a"), "conv1");
    await turn();
    disk.broken = true;
    const [id = ""] = rows.keys();
    expect(await messages.drop(id)).to.deep.equal({ outcome: "dropped", told: "now" });
    await turn();
    expect(await messages.drop(id)).to.deep.equal({ outcome: "under-way" });
    expect(await messages.retry(id)).to.deep.equal({ outcome: "under-way" });
    disk.broken = false;
    await wait(AGAIN_MS);
    expect(link.sent).to.have.length(1);
  });

  it("the same with one that the XMPP server refused: it is not sent again either", async () => {
    const world = await setUp();
    const { messages, delivery, disk, engine, link, rows, wait } = world;
    engine.answers = () => 200;
    delivery.sipToXmpp.deliver(imWith("a"), "conv1", new FakeResponder());
    await wait(400);
    disk.broken = true;
    refuse(world);
    await turn();
    const [id = ""] = rows.keys();
    expect(await messages.drop(id)).to.deep.equal({ outcome: "under-way" });
    expect(await messages.retry(id)).to.deep.equal({ outcome: "under-way" });
    disk.broken = false;
    await wait(AGAIN_MS);
    await wait(AGAIN_MS);
    expect(link.sent).to.have.length(1);
    expect(engine.sent).to.have.length(1);
  });
});

describe("a full disk while the link is down", () => {
  it("RFC 3261 §20.33: 500 with Retry-After, and the stanza does not go out when the link is back", async () => {
    const { delivery, disk, link, rows } = await deliveryWorld();
    disk.broken = true;
    link.state = "waiting";
    link.written = false;
    const responder = new FakeResponder();
    delivery.sipToXmpp.deliver(imWith("a"), "conv1", responder);
    await turn();
    expect(responder.answers).to.deep.equal([
      {
        status: 500,
        answer: {
          reason: "The message could not be kept while the XMPP server is away",
          headers: [["Retry-After", "30"]],
        },
      },
    ]);
    expect(delivery.sipToXmpp.inFlight, "it was taken back").to.equal(0);
    expect(rows.size).to.equal(0);
  });
});

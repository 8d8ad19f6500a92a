import { expect } from "chai";
import { parseJid } from "../../../xmpp/jid.ts";
import { ALICE, type DeliveryWorld, deliveryWorld, imWith, JULIET, PHONE, turn } from "./delivery-world.ts";

const IM = { asks: ["delivered", "displayed"] as const, messageId: "m-a" };

/** Alice has asked about stanza `a` from a phone that told its instance, and is away when Juliet reads it. */
async function askedAndAway(): Promise<DeliveryWorld> {
  const world = await deliveryWorld({ contacts: [] });
  await world.delivery.start();
  world.delivery.receipts.expectFromXmpp(imWith("a", { jid: "juliet@xmpp.test", im: IM, device: "<urn:1>" }), "a");
  await turn();
  await report(world, "displayed");
  return world;
}

async function report({ delivery }: DeliveryWorld, outcome: "delivered" | "displayed"): Promise<void> {
  const from = parseJid(JULIET);
  if (!from.ok) throw new Error(from.why);
  await delivery.receipts.onDispositionFromXmpp(from.value, ALICE, { messageId: "a", outcome });
  await turn();
}

const owedIn = ({ awaited }: DeliveryWorld) => [...awaited.keys()].filter((key) => key.startsWith("owed "));

describe("a read mark for a SIP user who is away", () => {
  it("waits, and goes to the phone when it registers, once", async () => {
    const world = await askedAndAway();
    world.engine.answers = () => 200;
    expect(owedIn(world)).to.have.length(1);
    for (let times = 0; times < 2; times += 1) {
      await world.register(PHONE, { instance: "<urn:1>" });
      for (let turns = 0; turns < 5; turns += 1) await turn();
    }
    expect(world.engine.bodies).to.have.length(1);
    expect(world.engine.bodies[0]).to.include("<displayed/>").and.to.include("<message-id>m-a</message-id>");
    expect(owedIn(world)).to.deep.equal([]);
  });

  it("stays when that phone cannot be reached, and is not kept for one that refuses it", async () => {
    const world = await askedAndAway();
    for (const [status, left] of [
      [480, 1],
      [415, 0],
    ] as const) {
      world.engine.answers = () => status;
      await world.register(PHONE, { instance: "<urn:1>" });
      for (let turns = 0; turns < 5; turns += 1) await turn();
      expect(owedIn(world)).to.have.length(left);
    }
  });

  it("two reports at once are told once each", async () => {
    const world = await deliveryWorld({ contacts: [] });
    await world.register(PHONE, { instance: "<urn:1>" });
    world.engine.answers = () => 200;
    world.delivery.receipts.expectFromXmpp(imWith("a", { jid: "juliet@xmpp.test", im: IM, device: "<urn:1>" }), "a");
    await turn();
    await Promise.all([report(world, "delivered"), report(world, "delivered"), report(world, "displayed")]);
    expect(world.engine.bodies).to.have.length(2);
  });
});

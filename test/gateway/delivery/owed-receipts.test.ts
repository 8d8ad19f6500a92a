import { expect } from "chai";
import type { Asked } from "../../../gateway/mapping/instant-message.ts";
import { parseJid } from "../../../xmpp/jid.ts";
import { ALICE, type DeliveryWorld, deliveryWorld, imWith, JULIET, PHONE, turn } from "./delivery-world.ts";

const DESK = { contact: PHONE, instance: "<urn:1>" };
const MOBILE = { contact: "sip:alice@127.0.0.1:5072", instance: "<urn:2>" };

interface Question {
  readonly id: string; // of the stanza; the phone calls it `m-` and this
  readonly at?: number; // ms after the first
  readonly device?: string | undefined;
}

/** Alice has asked about a message to Juliet from a phone that told its instance. */
async function ask({ delivery }: DeliveryWorld, { id, at = 0, ...from }: Question): Promise<void> {
  const { device } = { device: DESK.instance, ...from };
  const { acceptedAt, ...im } = imWith(id, {
    jid: "juliet@xmpp.test",
    im: { asks: ["delivered", "displayed"], messageId: `m-${id}` },
    ...(device === undefined ? {} : { device }),
  });
  delivery.receipts.expectFromXmpp({ ...im, acceptedAt: acceptedAt + at }, id);
  await turn();
}

async function report({ delivery }: DeliveryWorld, id: string, outcome: Asked = "delivered"): Promise<void> {
  const from = parseJid(JULIET);
  if (!from.ok) throw new Error(from.why);
  await delivery.receipts.onDispositionFromXmpp(from.value, ALICE, { messageId: id, outcome });
  await turn();
}

/** Alice is away, and Juliet's client reports on these in this order. */
async function awayFrom(...questions: readonly Question[]): Promise<DeliveryWorld> {
  const world = await deliveryWorld({ contacts: [] });
  await world.delivery.start();
  world.engine.answers = () => 200;
  for (const question of questions) {
    await ask(world, question);
    await report(world, question.id);
  }
  return world;
}

async function register(world: DeliveryWorld, { contact, instance }: typeof DESK): Promise<void> {
  await world.register(contact, { instance });
  await turns();
}

async function turns(): Promise<void> {
  for (let count = 0; count < 30; count += 1) await turn();
}

const owedIn = ({ awaited }: DeliveryWorld) => [...awaited.keys()].filter((key) => key.startsWith("owed "));
const told = ({ engine }: DeliveryWorld) =>
  engine.bodies.map((body) => /<message-id>(.*)<\/message-id>/.exec(body)?.[1]);

describe("a report for a SIP user who is away", () => {
  it("waits, and goes to the phone when it registers, once", async () => {
    const world = await awayFrom({ id: "a" });
    expect(owedIn(world)).to.have.length(1);
    for (let times = 0; times < 2; times += 1) await register(world, DESK);
    expect(told(world)).to.deep.equal(["m-a"]);
    expect(world.engine.bodies[0]).to.include("<delivered/>");
    expect(owedIn(world)).to.deep.equal([]);
  });

  it("goes after a restart too", async () => {
    const before = await awayFrom({ id: "a" });
    const world = await awayFrom();
    for (const row of before.awaited.values()) await world.awaitedReceipts.put(row);
    await register(world, DESK);
    expect(told(world)).to.deep.equal(["m-a"]);
  });

  it("stays when that phone cannot be reached, and is not kept for one that refuses it", async () => {
    const world = await awayFrom({ id: "a" });
    for (const [status, left] of [
      [480, 1],
      [415, 0],
    ] as const) {
      world.engine.answers = () => status;
      await register(world, DESK);
      expect(owedIn(world)).to.have.length(left);
    }
  });

  it("goes in the order of the messages, whatever they are called and whoever was faster to report", async () => {
    const world = await awayFrom({ id: "b", at: 20 }, { id: "a", at: 1_000 }, { id: "c", at: 3 });
    await register(world, DESK);
    expect(told(world)).to.deep.equal(["m-c", "m-b", "m-a"]);
  });

  it("that concerns another phone of theirs is neither tried nor in the way", async () => {
    const world = await awayFrom({ id: "a" }, { id: "b", device: MOBILE.instance });
    await register(world, MOBILE);
    expect(told(world)).to.deep.equal(["m-b"]);
    await register(world, DESK);
    expect(told(world)).to.deep.equal(["m-b", "m-a"]);
  });

  it("one that the phone never answers does not hold up the others; silence to three in a row ends it", async () => {
    const questions = ["a", "b", "c", "d", "e"].map((id, at) => ({ id, at }));
    const world = await awayFrom(...questions);
    world.engine.answers = ({ body }) => (body?.includes("m-a") ? 408 : 200);
    await register(world, DESK);
    expect(told(world)).to.deep.equal(["m-a", "m-b", "m-c", "m-d", "m-e"]);
    expect(owedIn(world)).to.have.length(1);

    const silent = await awayFrom(...questions);
    silent.engine.answers = () => 408;
    await register(silent, DESK);
    expect(told(silent)).to.deep.equal(["m-a", "m-b", "m-c"]);
    expect(owedIn(silent)).to.have.length(5);
  });

  it("a record that cannot be read does not hold up the others", async () => {
    const world = await awayFrom({ id: "a", at: 1 }, { id: "b", at: 2 });
    const [key = ""] = owedIn(world);
    await world.awaitedReceipts.put({ key, expiresAt: Number.MAX_SAFE_INTEGER, payload: "{" });
    await register(world, DESK);
    expect(told(world)).to.deep.equal(["m-b"]);
  });

  it("a phone that registers while it is being looked for in vain has it at once", async () => {
    const world = await deliveryWorld({ contacts: [] });
    await world.delivery.start();
    await register(world, DESK);
    await ask(world, { id: "a" });
    await report(world, "a");
    expect(world.engine.sent).to.have.length(1);
    world.engine.answers = () => 200;
    await register(world, DESK);
    world.engine.sent[0]?.answer(408);
    await turns();
    expect(told(world)).to.deep.equal(["m-a", "m-a"]);
    expect(owedIn(world)).to.deep.equal([]);
  });

  it("what comes while the phone is told of another is told as well", async () => {
    const world = await awayFrom({ id: "a" });
    world.engine.answers = undefined;
    await register(world, DESK);
    expect(told(world)).to.deep.equal(["m-a"]);
    await ask(world, { id: "b" });
    await report(world, "b");
    await register(world, DESK);
    for (const status of [200, 408, 200]) {
      world.engine.sent[told(world).length - 1]?.answer(status);
      world.engine.sent[0]?.answer(status);
      await turns();
    }
    expect(owedIn(world)).to.deep.equal([]);
  });
});

describe("a report for a SIP user with a phone there", () => {
  /** Which phones are there, what they know, who asked: who is told, and what is kept. */
  for (const { title, device, there, knows, uris, kept } of [
    { title: "the phone that asked", device: "<urn:1>", there: [DESK, MOBILE], knows: [], uris: [DESK], kept: 0 },
    { title: "and no other", device: "<urn:1>", there: [DESK, MOBILE], knows: [MOBILE], uris: [DESK], kept: 0 },
    { title: "away: the others and it", device: "<urn:1>", there: [MOBILE], knows: [MOBILE], uris: [MOBILE], kept: 1 },
    { title: "away: it alone", device: "<urn:1>", there: [MOBILE], knows: [], uris: [], kept: 1 },
    {
      title: "not told: who understands",
      device: undefined,
      there: [DESK, MOBILE],
      knows: [DESK],
      uris: [DESK],
      kept: 0,
    },
    { title: "not told, none understands: nobody", device: undefined, there: [DESK], knows: [], uris: [], kept: 0 },
  ]) {
    it(`RFC 5438 §7.2: ${title} (${uris.length} told, ${kept} kept)`, async () => {
      const world = await awayFrom();
      for (const phone of there) await register(world, phone);
      for (const { instance } of knows) world.features.learn(ALICE, instance, "imdn");
      await ask(world, { id: "a", device });
      await report(world, "a");
      expect(world.engine.uris).to.deep.equal(uris.map(({ contact }) => contact));
      expect(owedIn(world)).to.have.length(kept);
    });
  }

  it("two reports at once are told once each", async () => {
    const world = await awayFrom();
    await register(world, DESK);
    await ask(world, { id: "a" });
    await Promise.all([report(world, "a"), report(world, "a"), report(world, "a", "displayed")]);
    expect(world.engine.bodies).to.have.length(2);
  });
});

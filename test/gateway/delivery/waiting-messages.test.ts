import { expect } from "chai";
import { WaitingMessages } from "../../../gateway/delivery/waiting-messages.ts";
import type { JournalState } from "../../../store/port.ts";
import {
  ALICE,
  type DeliveryWorld,
  deliveryWorld,
  imWith,
  JULIET,
  PHONE,
  turn,
  type WorldOptions,
} from "./delivery-world.ts";

const BOB = "bob@sip.test";

async function setUp(options: WorldOptions = {}) {
  const world = await deliveryWorld(options);
  await world.delivery.start();
  const messages = new WaitingMessages(world);
  const idsOf = async (filter: { readonly state?: JournalState; readonly aor?: string; readonly limit?: number }) =>
    (await messages.list({ limit: 100, ...filter })).messages.map(({ stanzaId }) => stanzaId);
  return { ...world, messages, idsOf };
}

/** The id of the only row. */
function idOf({ rows }: DeliveryWorld): string {
  const [id = ""] = rows.keys();
  return id;
}

/** A row of an earlier run, in that state. */
async function withRow(state: JournalState, direction: "to-sip" | "to-xmpp" = "to-sip") {
  const before = await deliveryWorld();
  before.journal.accept(direction, "conv1", imWith("a"), { state, problem: "a reason" });
  await turn();
  return setUp({ rows: before.rows });
}

describe("the IMs that an operator sees", () => {
  it("the oldest first, from and to in the direction in which they go, with their size in bytes", async () => {
    const { messages, delivery, clock } = await setUp({ contacts: [] });
    delivery.xmppToSip.deliver(imWith("a", { im: { text: "où?" } }), "conv1");
    await turn();
    const { total, messages: shown } = await messages.list({ limit: 10 });
    expect(total).to.equal(1);
    const { id, ...rest } = shown[0] ?? {};
    expect(rest).to.deep.equal({
      state: "stored",
      direction: "to-sip",
      from: JULIET,
      to: ALICE,
      acceptedAt: clock.now(),
      bytes: 4,
      problem: undefined,
      stanzaId: "a",
      callId: "call-a",
      text: "où?",
    });
    expect(await messages.show(id ?? "")).to.deep.equal(shown[0]);
    expect(await messages.show("none")).to.equal(undefined);
  });

  it("to XMPP they are from the SIP user", async () => {
    const { messages } = await withRow("failed", "to-xmpp");
    const { from, to, state, problem } = (await messages.list({ limit: 10 })).messages[0] ?? {};
    expect({ from, to, state, problem }).to.deep.equal({
      from: ALICE,
      to: JULIET,
      state: "failed",
      problem: "a reason",
    });
  });

  it("those of a user, of a state, and as many as the limit with the number of all", async () => {
    const { messages, delivery, idsOf } = await setUp({ contacts: [] });
    for (const id of ["a", "b", "c"]) delivery.xmppToSip.deliver(imWith(id), "conv1");
    delivery.xmppToSip.deliver(imWith("d", { aor: BOB }), "conv2");
    await turn();
    expect(await idsOf({ aor: BOB })).to.deep.equal(["d"]);
    expect(await idsOf({ state: "stored" })).to.deep.equal(["a", "b", "c", "d"]);
    expect(await idsOf({ state: "failed" })).to.deep.equal([]);
    const { total, messages: shown } = await messages.list({ state: "stored", aor: ALICE, limit: 2 });
    expect({ total, shown: shown.length }).to.deep.equal({ total: 3, shown: 2 });
  });

  it("why one waits that a phone has not answered", async () => {
    const { engine, messages, delivery } = await setUp();
    delivery.xmppToSip.deliver(imWith("a"), "conv1");
    engine.sent[0]?.answer(408, { reason: "Request Timeout" });
    await turn();
    expect((await messages.list({ limit: 1 })).messages[0]).to.deep.include({
      state: "stored",
      problem: "SIP 408 Request Timeout",
    });
  });

  it("handed-over is what is being sent at this moment, the rest of a conversation is accepted", async () => {
    const { delivery, messages } = await setUp();
    for (const id of ["a", "b"]) delivery.xmppToSip.deliver(imWith(id), "conv1");
    await turn();
    const statesOf = async (state?: "accepted" | "handed-over") =>
      (await messages.list({ limit: 10, state })).messages.map((message) => `${message.stanzaId} ${message.state}`);
    expect(await statesOf()).to.deep.equal(["a handed-over", "b accepted"]);
    expect(await statesOf("handed-over")).to.deep.equal(["a handed-over"]);
    expect(await statesOf("accepted")).to.deep.equal(["b accepted"]);
  });

  it("a settled one is gone at once, before it has left the disk", async () => {
    const { engine, rows, delivery, messages } = await setUp();
    delivery.xmppToSip.deliver(imWith("a"), "conv1");
    engine.sent[0]?.answer(200);
    await turn();
    expect(rows.size).to.equal(1);
    expect((await messages.list({ limit: 10 })).messages).to.deep.equal([]);
  });
});

/** Of each state on disk: what `message retry` and `message drop` say, and what is left of the row. */
// biome-ignore format: table
const BY_STATE: readonly { readonly state: JournalState; readonly retry: string; readonly drop: string }[] = [
  { state: "accepted",  retry: "under-way", drop: "under-way" },
  { state: "confirmed", retry: "under-way", drop: "under-way" },
  { state: "stored",    retry: "retried",   drop: "dropped" },
  { state: "failed",    retry: "under-way", drop: "dropped" }, // the error stanza waits for the link
  { state: "expired",   retry: "under-way", drop: "dropped" },
  { state: "set-aside", retry: "retried",   drop: "dropped" },
];

describe("what an operator can do with an IM, by its state", () => {
  for (const { state, retry, drop } of BY_STATE) {
    it(`${state}: retry says ${retry}`, async () => {
      const world = await withRow(state);
      expect(await world.messages.retry(idOf(world))).to.equal(retry);
    });

    it(`${state}: drop says ${drop}`, async () => {
      const world = await withRow(state);
      expect(await world.messages.drop(idOf(world))).to.equal(drop);
    });
  }

  it("none of that id", async () => {
    const { messages } = await setUp();
    expect(await messages.retry("none")).to.equal("not-found");
    expect(await messages.drop("none")).to.equal("not-found");
  });
});

describe("message retry", () => {
  it("a stored one, and all that waits before it, goes to the phone now", async () => {
    const world = await withRow("stored");
    await world.messages.retry(idOf(world));
    await turn();
    expect(world.engine.callIds).to.deep.equal(["call-a"]);
    expect(await world.messages.retry(idOf(world)), "it is on its way").to.equal("under-way");
    world.engine.sent[0]?.answer(200);
    await world.settled();
    expect(world.rows.size).to.equal(0);
  });

  it("one set aside is sent again, to either side", async () => {
    const toSip = await withRow("set-aside");
    await toSip.messages.retry(idOf(toSip));
    expect(toSip.engine.callIds).to.deep.equal(["call-a"]);
    const toXmpp = await withRow("set-aside", "to-xmpp");
    await toXmpp.messages.retry(idOf(toXmpp));
    expect(toXmpp.link.sent.map(({ stanza }) => stanza.attrs["id"])).to.deep.equal(["a"]);
    toXmpp.link.sent[0]?.settle({ outcome: "processed" });
    await toXmpp.settled();
    expect(toXmpp.rows.size).to.equal(0);
  });

  it("one set aside that is refused again is set aside again; its sender has been told before", async () => {
    const world = await withRow("set-aside", "to-xmpp");
    world.engine.answers = () => 200;
    await world.messages.retry(idOf(world));
    world.link.sent[0]?.settle({ outcome: "refused", why: "it ends the stream" });
    await world.settled();
    expect(world.engine.bodies).to.deep.equal([]);
    expect(world.states()).to.deep.equal(["set-aside"]);
  });

  it("failed, and no phone of its sender took the telling: it is told again, the IM is not sent", async () => {
    const world = await withRow("failed", "to-xmpp");
    world.engine.answers = () => 480;
    for (const row of (await world.journal.open()).rows) world.delivery.resume(row);
    await turn();
    world.engine.answers = () => 200;
    expect(await world.messages.retry(idOf(world))).to.equal("retried");
    await turn();
    await world.settled();
    expect(world.engine.bodies).to.have.length(2);
    expect(world.link.sent).to.deep.equal([]);
    expect(world.rows.size).to.equal(0);
  });

  it("of a component that is not configured any more: it can be tried and dropped", async () => {
    const world = await withRow("accepted", "to-xmpp");
    world.engine.answers = () => 200;
    expect(await world.messages.drop(idOf(world))).to.equal("dropped");
    await turn();
    await world.settled();
    expect(world.engine.bodies[0]).to.include("The administrator has removed the message");
    expect(world.rows.size).to.equal(0);
  });
});

describe("message drop", () => {
  it("of a stored one its sender is told, and no phone ever has it", async () => {
    const world = await setUp({ contacts: [] });
    world.delivery.xmppToSip.deliver(imWith("a"), "conv1");
    await turn();
    await world.messages.drop(idOf(world));
    const text = world.link.sent[0]?.stanza.getChild("error")?.getChildText("text");
    expect(text).to.equal("Not delivered. The administrator has removed the message");
    expect(world.delivery.stored).to.equal(0);
    world.link.sent[0]?.settle({ outcome: "processed" });
    await world.settled();
    await world.register(PHONE);
    await turn();
    expect(world.rows.size).to.equal(0);
    expect(world.engine.sent).to.deep.equal([]);
  });

  it("of a stored one that stands behind another on its way: the phone has only that other", async () => {
    const world = await setUp({ contacts: [] });
    for (const id of ["a", "b"]) world.delivery.xmppToSip.deliver(imWith(id), "conv1");
    await turn();
    await world.register(PHONE);
    await turn();
    expect(await world.messages.drop([...world.rows.keys()][1] ?? "")).to.equal("dropped");
    world.engine.sent[0]?.answer(200);
    await turn();
    expect(world.engine.callIds).to.deep.equal(["call-a"]);
    expect(world.delivery.stored).to.equal(0);
  });

  for (const state of ["failed", "expired", "set-aside"] as const) {
    it(`${state}: the row goes, and nobody is told a second time`, async () => {
      const world = await withRow(state);
      await world.messages.drop(idOf(world));
      await world.settled();
      expect(world.rows.size).to.equal(0);
      expect(world.link.sent).to.deep.equal([]);
    });
  }
});

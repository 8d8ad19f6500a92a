import { expect } from "chai";
import type { WaitingMessages } from "../../../gateway/delivery/waiting-messages.ts";
import type { JournalState } from "../../../store/port.ts";
import { ALICE, deliveryWorld, imWith, PHONE, turn } from "./delivery-world.ts";
import { idOf, setUp, withRow } from "./operator-world.ts";

const BOB = "bob@sip.test";
const DAY_MS = 24 * 3_600_000;

interface Answers {
  readonly state: JournalState;
  readonly direction: "to-sip" | "to-xmpp";
  readonly retry: string;
  readonly drop: string;
}

/** Of each state on disk: what `message retry` and `message drop` say. Juliet is told by a stanza, Alice's phone is there. */
// biome-ignore format: table
const BY_STATE: readonly Answers[] = [
  { state: "accepted",  direction: "to-sip",  retry: "under-way",  drop: "under-way" },
  { state: "accepted",  direction: "to-xmpp", retry: "tried",      drop: "dropped, told now" },
  { state: "confirmed", direction: "to-sip",  retry: "under-way",  drop: "under-way" },
  { state: "stored",    direction: "to-sip",  retry: "tried",      drop: "dropped, told now" },
  { state: "failed",    direction: "to-sip",  retry: "being-told", drop: "being-told" },
  { state: "failed",    direction: "to-xmpp", retry: "tried",      drop: "being-told" },
  { state: "expired",   direction: "to-sip",  retry: "being-told", drop: "being-told" },
  { state: "set-aside", direction: "to-sip",  retry: "tried",      drop: "dropped, told before" },
  { state: "set-aside", direction: "to-xmpp", retry: "tried",      drop: "dropped, told before" },
];

async function retry({ messages }: { readonly messages: WaitingMessages }, id: string): Promise<string> {
  const answer = await messages.retry(id);
  if (answer.outcome !== "retried") return answer.outcome;
  return answer.tried ? "tried" : (answer.why ?? "");
}

async function drop({ messages }: { readonly messages: WaitingMessages }, id: string): Promise<string> {
  const answer = await messages.drop(id);
  return answer.outcome === "dropped" ? `dropped, told ${answer.told}` : answer.outcome;
}

describe("what an operator can do with an IM, by its state", () => {
  for (const row of BY_STATE) {
    it(`${row.state} ${row.direction}: retry says ${row.retry}`, async () => {
      const world = await withRow(row.state, row.direction);
      expect(await retry(world, idOf(world))).to.equal(row.retry);
    });

    it(`${row.state} ${row.direction}: drop says ${row.drop}`, async () => {
      const world = await withRow(row.state, row.direction);
      expect(await drop(world, idOf(world))).to.equal(row.drop);
    });
  }

  it("none of that id", async () => {
    const world = await setUp();
    expect(await retry(world, "none")).to.equal("not-found");
    expect(await drop(world, "none")).to.equal("not-found");
  });
});

describe("message retry", () => {
  it("a stored one, and all that waits before it, goes to the phone now", async () => {
    const world = await withRow("stored");
    await world.messages.retry(idOf(world));
    await turn();
    expect(world.engine.callIds).to.deep.equal(["call-a"]);
    expect(await retry(world, idOf(world)), "it is on its way").to.equal("under-way");
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
    expect(await retry(world, idOf(world))).to.equal("tried");
    await turn();
    await world.settled();
    expect(world.engine.bodies).to.have.length(2);
    expect(world.link.sent).to.deep.equal([]);
    expect(world.rows.size).to.equal(0);
  });

  it("nothing is tried for a user without a phone, and it says what it waits for", async () => {
    const stored = await withRow("stored", "to-sip", { contacts: [] });
    expect(await retry(stored, idOf(stored))).to.equal(
      `it goes at the next REGISTER of ${ALICE}, who has no phone now`,
    );
    expect(stored.engine.sent).to.deep.equal([]);
    const aside = await withRow("set-aside", "to-sip", { contacts: [] });
    expect(await retry(aside, idOf(aside))).to.equal(`${ALICE} has no phone now`);
    expect(aside.states()).to.deep.equal(["set-aside"]);
    const failed = await withRow("failed", "to-xmpp", { contacts: [] });
    const told = `its sender is told at the next REGISTER of ${ALICE}, who has no phone now`;
    expect(await retry(failed, idOf(failed))).to.equal(told);
  });

  it("nothing is tried while the gateway is switched off", async () => {
    const world = await withRow("stored");
    await world.set("im-gateway.status", "off");
    expect(await retry(world, idOf(world))).to.equal("it goes once im-gateway.status is on");
    await world.set("im.enabled", "off");
    expect(await retry(world, idOf(world))).to.equal("it goes once im.enabled is on");
  });

  it("one set aside goes once the XMPP server is back", async () => {
    const world = await withRow("set-aside", "to-xmpp");
    world.link.state = "waiting";
    expect(await retry(world, idOf(world))).to.equal("it goes once the XMPP server is back");
  });

  it("of a domain that is no XMPP component: it says so", async () => {
    const world = await withRow("accepted", "to-xmpp", { im: imWith("a", { aor: "alice@gone.test" }) });
    const why = "it goes once the domain of alice@gone.test is an XMPP component again";
    expect(await retry(world, idOf(world))).to.equal(why);
  });

  it("of a component that is not configured any more: it can be tried and dropped", async () => {
    const world = await withRow("accepted", "to-xmpp");
    world.engine.answers = () => 200;
    expect(await drop(world, idOf(world))).to.equal("dropped, told now");
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
    expect(await drop(world, [...world.rows.keys()][1] ?? "")).to.equal("dropped, told now");
    world.engine.sent[0]?.answer(200);
    await turn();
    expect(world.engine.callIds).to.deep.equal(["call-a"]);
    expect(world.delivery.stored).to.equal(0);
  });

  it("of one that waits for the XMPP server: it never goes there, and its sender is told", async () => {
    const world = await withRow("accepted", "to-xmpp");
    world.engine.answers = () => 200;
    world.link.state = "waiting";
    for (const row of (await world.journal.open()).rows) world.delivery.resume(row);
    expect(await drop(world, idOf(world)), "the link has written it").to.equal("under-way");
    world.link.written = false;
    expect(await drop(world, idOf(world))).to.equal("dropped, told now");
    await turn();
    await world.settled();
    expect(world.engine.bodies[0]).to.include("The administrator has removed the message");
    expect(world.rows.size).to.equal(0);
  });

  it("set aside: the row goes, and nobody is told a second time", async () => {
    const world = await withRow("set-aside");
    await world.messages.drop(idOf(world));
    await world.settled();
    expect(world.rows.size).to.equal(0);
    expect(world.link.sent).to.deep.equal([]);
  });

  it("twice: the telling of the first is not lost by the second", async () => {
    const world = await withRow("stored");
    await world.messages.drop(idOf(world));
    await turn();
    expect(await drop(world, idOf(world))).to.equal("being-told");
    expect(world.states()).to.deep.equal(["failed"]);
  });

  it("of an automatic one nobody is told", async () => {
    const world = await withRow("stored", "to-sip", { im: imWith("a", { im: { automatic: true } }) });
    expect(await drop(world, idOf(world))).to.equal("dropped, told nobody");
  });

  // To SIP it may have waited for im.offline-expiry, 7 days, before it failed.
  for (const { direction, days } of [
    { direction: "to-xmpp", days: 7 },
    { direction: "to-sip", days: 14 },
  ] as const) {
    it(`a failed one ${direction} is forgotten when its sender could not be told for 7 days`, async () => {
      const world = await withRow("failed", direction);
      world.clock.advance(days * DAY_MS - 1);
      expect(await drop(world, idOf(world))).to.equal("being-told");
      world.clock.advance(1);
      expect(await drop(world, idOf(world))).to.equal("dropped, told not");
      await world.settled();
      expect(world.rows.size).to.equal(0);
    });
  }
});

describe("user remove", () => {
  it("what waits for that user fails, and its senders are told", async () => {
    const world = await setUp({ contacts: [] });
    for (const id of ["a", "b"]) world.delivery.xmppToSip.deliver(imWith(id), "conv1");
    world.delivery.xmppToSip.deliver(imWith("c", { aor: BOB }), "conv2");
    await turn();
    expect(await world.messages.removeUser(ALICE)).to.equal(2);
    await turn();
    const errors = world.link.sent.map(({ stanza }) => [
      stanza.attrs["id"],
      stanza.getChild("error")?.getChildText("text"),
    ]);
    expect(errors).to.deep.equal([
      ["a", "Not delivered. There is no such user"],
      ["b", "Not delivered. There is no such user"],
    ]);
    expect(world.delivery.stored).to.equal(1);
    await world.register(PHONE);
    await turn();
    expect(world.engine.sent).to.deep.equal([]);
  });

  it("what was to be told to that user goes; what others are to be told stays", async () => {
    const before = await deliveryWorld();
    const rows = [
      { direction: "to-xmpp", im: imWith("a") },
      { direction: "to-sip", im: imWith("b", { aor: BOB, jid: ALICE }) },
      { direction: "to-sip", im: imWith("c", { jid: BOB }) },
      { direction: "to-sip", im: imWith("d") },
    ] as const;
    for (const { direction, im } of rows) before.journal.accept(direction, "conv1", im, { state: "failed" });
    await turn();
    const world = await setUp({ rows: before.rows });
    expect(await world.messages.removeUser(ALICE)).to.equal(0);
    await world.settled();
    expect(await world.idsOf({})).to.deep.equal(["c", "d"]);
    expect(world.rows.size).to.equal(2);
  });
});

import { expect } from "chai";
import { ConversationTable } from "../../gateway/conversation/table.ts";
import { Counters } from "../../gateway/counters.ts";
import type { ConversationRecord } from "../../store/port.ts";
import { FakeClock } from "../sip/fake-clock.ts";
import { logLines } from "./log-lines.ts";

const ALICE_JULIET = { aor: "alice@sip.test", jid: "juliet@xmpp.test" };
const BOB_JULIET = { aor: "bob@sip.test", jid: "juliet@xmpp.test" };

function setUp(rows: readonly ConversationRecord[] = []) {
  const stored = new Map(rows.map((row) => [row.id, row]));
  const clock = new FakeClock();
  const timeout = { seconds: 600 };
  const { log, lines } = logLines();
  const table = new ConversationTable({
    store: {
      list: async () => [...stored.values()],
      put: async (row) => void stored.set(row.id, row),
      remove: async (id) => void stored.delete(id),
    },
    clock,
    log,
    counters: new Counters(),
    inactiveTimeoutSeconds: () => timeout.seconds,
  });
  return { table, clock, stored, timeout, lines };
}

describe("the conversation table", () => {
  it("the first IM opens a conversation, the next ones of either side touch it", async () => {
    const { table, clock } = setUp();
    await table.start();
    const opened = table.touch(ALICE_JULIET, "sip", { callId: "c1", thread: "c1" });
    clock.advance(5_000);
    const touched = table.touch(ALICE_JULIET, "xmpp", {});
    expect(touched).to.deep.include({ id: opened.id, fromSip: 1, fromXmpp: 1, openedAt: opened.openedAt });
    expect(touched.activeAt).to.equal(opened.activeAt + 5_000);
    expect(table.list()).to.deep.equal([touched]);
    expect(table.find(opened.id)).to.equal(touched);
  });

  it("keeps pairs apart and lists the most recently active first", async () => {
    const { table } = setUp();
    await table.start();
    const one = table.touch(ALICE_JULIET, "sip", {});
    const two = table.touch(BOB_JULIET, "sip", {});
    expect(one.id).to.not.equal(two.id);
    expect(table.list().map((row) => row.aor)).to.deep.equal(["bob@sip.test", "alice@sip.test"]);
    table.touch(ALICE_JULIET, "sip", {});
    expect(table.list().map((row) => row.aor)).to.deep.equal(["alice@sip.test", "bob@sip.test"]);
  });

  it("a phone's fresh Call-IDs keep the thread, the XMPP side's thread takes over", async () => {
    const { table } = setUp();
    await table.start();
    expect(table.touch(ALICE_JULIET, "sip", { callId: "c1", thread: "c1" }).thread).to.equal("c1");
    expect(table.touch(ALICE_JULIET, "sip", { callId: "c2", thread: "c2" })).to.deep.include({
      thread: "c1",
      callId: "c2",
    });
    expect(table.touch(ALICE_JULIET, "xmpp", { thread: "t" }).thread).to.equal("t");
    expect(table.touch(ALICE_JULIET, "sip", { callId: "c3", thread: "c3" }).thread).to.equal("t");
  });

  it("closes what has been idle for im-gateway.inactive-timeout, and nothing before", async () => {
    const { table, clock, stored } = setUp();
    await table.start();
    table.touch(ALICE_JULIET, "sip", {});
    clock.advance(300_000);
    table.touch(BOB_JULIET, "sip", {});
    clock.advance(299_000);
    expect(table.list()).to.have.length(2);
    clock.advance(2_000);
    expect(table.list().map((row) => row.aor)).to.deep.equal(["bob@sip.test"]);
    clock.advance(300_000);
    expect(table.list()).to.deep.equal([]);
    await Promise.resolve();
    expect(stored.size).to.equal(0);
  });

  it("takes a changed timeout at once", async () => {
    const { table, clock, timeout } = setUp();
    await table.start();
    table.touch(ALICE_JULIET, "sip", {});
    clock.advance(20_000);
    timeout.seconds = 10;
    clock.advance(1_000);
    expect(table.list()).to.deep.equal([]);
  });

  it("is expired by the operator once, by its id", async () => {
    const { table, stored } = setUp();
    await table.start();
    const { id } = table.touch(ALICE_JULIET, "sip", {});
    expect(table.expire("no-such-id")).to.equal(false);
    expect(table.expire(id)).to.equal(true);
    expect(table.expire(id)).to.equal(false);
    expect(table.find(id)).to.equal(undefined);
    await table.stop();
    expect(stored.size).to.equal(0);
  });

  it("is on disk two seconds after a touch and at the stop, and comes back with the next start", async () => {
    const { table, clock, stored } = setUp();
    await table.start();
    const { id } = table.touch(ALICE_JULIET, "sip", { thread: "t" });
    expect(stored.size).to.equal(0);
    clock.advance(2_000);
    expect(stored.get(id)).to.deep.include({ ...ALICE_JULIET, thread: "t", fromSip: 1 });
    table.touch(ALICE_JULIET, "xmpp", {});
    await table.stop();
    expect(stored.get(id)).to.deep.include({ fromSip: 1, fromXmpp: 1 });

    const again = setUp([...stored.values()]);
    again.clock.advance(clock.now() - again.clock.now());
    await again.table.start();
    expect(again.table.touch(ALICE_JULIET, "sip", {})).to.deep.include({ id, thread: "t", fromSip: 2 });
  });
});

const HARDPHONE = "sip:alice@192.0.2.1:5060";
const SOFTPHONE = "sip:alice@192.0.2.2:41000;transport=tcp";
const BALCONY = "juliet@xmpp.test/balcony";
const CHAMBER = "juliet@xmpp.test/chamber";

/** Alice and Juliet in talk, each locked to one device of the other. */
async function locked() {
  const house = setUp();
  await house.table.start();
  house.table.touch(ALICE_JULIET, "sip", { sipContact: HARDPHONE });
  house.table.touch(ALICE_JULIET, "xmpp", { xmppFull: BALCONY });
  house.table.touch(ALICE_JULIET, "sip", { sipContact: HARDPHONE });
  return house;
}

const lockLines = (lines: readonly Readonly<Record<string, unknown>>[]) =>
  lines
    .filter(({ msg }) => String(msg).startsWith("lock"))
    .map(({ msg, side, lock, why }) => ({ msg, side, lock, why }));

describe("the locks of a conversation", () => {
  it("only a reply takes one: who begins to talk has not chosen a device to be answered on", async () => {
    const { table, lines } = setUp();
    await table.start();
    const begun = table.touch(ALICE_JULIET, "sip", { sipContact: HARDPHONE });
    expect(begun).to.deep.include({ sipLock: undefined, xmppLock: undefined });
    table.touch(ALICE_JULIET, "sip", { sipContact: HARDPHONE });
    expect(table.of(ALICE_JULIET)).to.deep.include({ sipLock: undefined, xmppLock: undefined });
    table.touch(BOB_JULIET, "xmpp", { xmppFull: BALCONY });
    table.touch(BOB_JULIET, "xmpp", { xmppFull: BALCONY });
    expect(table.of(BOB_JULIET)).to.deep.include({ sipLock: undefined, xmppLock: undefined });
    expect(lockLines(lines)).to.deep.equal([]);
  });

  it("each side is locked to the device that replied, and the log says so", async () => {
    const { table, lines } = await locked();
    expect(table.of(ALICE_JULIET)).to.deep.include({ sipLock: HARDPHONE, xmppLock: BALCONY });
    expect(lockLines(lines)).to.deep.equal([
      { msg: "lock taken", side: "xmpp", lock: BALCONY, why: "reply" },
      { msg: "lock taken", side: "sip", lock: HARDPHONE, why: "reply" },
    ]);
  });

  it("the SIP lock moves to another binding that replies", async () => {
    const { table, lines } = await locked();
    table.touch(ALICE_JULIET, "sip", { sipContact: SOFTPHONE });
    expect(table.of(ALICE_JULIET)).to.deep.include({ sipLock: SOFTPHONE, xmppLock: BALCONY });
    const moved = { msg: "lock taken", side: "sip", lock: SOFTPHONE, why: "reply from another binding" };
    expect(lockLines(lines).at(-1)).to.deep.equal(moved);
    table.onContactGone(ALICE_JULIET.aor, HARDPHONE);
    expect(table.of(ALICE_JULIET)?.sipLock).to.equal(SOFTPHONE);
  });

  it("a reply from a phone that is not known leaves the SIP lock where it is", async () => {
    const { table, lines } = await locked();
    table.touch(ALICE_JULIET, "sip", {});
    expect(table.of(ALICE_JULIET)?.sipLock).to.equal(HARDPHONE);
    expect(lockLines(lines)).to.have.length(2);
  });

  it("XEP-0296 §2.3: a reply from another resource unlocks, the one after it locks again", async () => {
    const { table, lines } = await locked();
    table.touch(ALICE_JULIET, "xmpp", { xmppFull: BALCONY });
    expect(table.of(ALICE_JULIET)?.xmppLock).to.equal(BALCONY);
    table.touch(ALICE_JULIET, "xmpp", { xmppFull: CHAMBER });
    expect(table.of(ALICE_JULIET)?.xmppLock).to.equal(undefined);
    const released = { msg: "lock released", side: "xmpp", lock: BALCONY, why: "reply from another resource" };
    expect(lockLines(lines).at(-1)).to.deep.equal(released);
    table.touch(ALICE_JULIET, "xmpp", { xmppFull: CHAMBER });
    expect(table.of(ALICE_JULIET)?.xmppLock).to.equal(CHAMBER);
  });

  it("is released for a reason, once, without a change in the order of activity", async () => {
    const { table, lines } = await locked();
    table.touch(BOB_JULIET, "sip", {});
    table.release(ALICE_JULIET, "sip", "its phone failed");
    table.release(ALICE_JULIET, "sip", "its phone failed");
    table.release(BOB_JULIET, "sip", "there is none");
    table.release({ aor: "nobody@sip.test", jid: "juliet@xmpp.test" }, "xmpp", "there is no conversation");
    expect(table.of(ALICE_JULIET)).to.deep.include({ sipLock: undefined, xmppLock: BALCONY });
    expect(table.list().map((row) => row.aor)).to.deep.equal(["bob@sip.test", "alice@sip.test"]);
    expect(lockLines(lines).slice(2)).to.deep.equal([
      { msg: "lock released", side: "sip", lock: HARDPHONE, why: "its phone failed" },
    ]);
  });

  it("goes with the binding, in every conversation of that phone and in no other", async () => {
    const { table } = await locked();
    const others = [
      { aor: "alice@sip.test", jid: "nurse@xmpp.test" },
      { aor: "bob@sip.test", jid: "juliet@xmpp.test" },
    ];
    for (const pair of others) {
      table.touch(pair, "xmpp", {});
      table.touch(pair, "sip", { sipContact: HARDPHONE });
    }
    table.onContactGone("alice@sip.test", SOFTPHONE);
    table.onContactGone("alice@sip.test", HARDPHONE);
    expect(table.list().map(({ aor, jid, sipLock }) => [aor, jid, sipLock])).to.have.deep.members([
      ["alice@sip.test", "juliet@xmpp.test", undefined],
      ["alice@sip.test", "nurse@xmpp.test", undefined],
      ["bob@sip.test", "juliet@xmpp.test", HARDPHONE],
    ]);
    expect(table.of(ALICE_JULIET)?.xmppLock).to.equal(BALCONY);
  });

  it("RFC 6121 §4.5: goes with the resource", async () => {
    const { table, lines } = await locked();
    table.onResourceGone(CHAMBER);
    expect(table.of(ALICE_JULIET)?.xmppLock).to.equal(BALCONY);
    table.onResourceGone(BALCONY);
    expect(table.of(ALICE_JULIET)).to.deep.include({ sipLock: HARDPHONE, xmppLock: undefined });
    const released = { msg: "lock released", side: "xmpp", lock: BALCONY, why: "resource unavailable" };
    expect(lockLines(lines).at(-1)).to.deep.equal(released);
  });

  it("goes with its conversation: the next one begins unlocked", async () => {
    const { table, clock } = await locked();
    clock.advance(602_000);
    expect(table.of(ALICE_JULIET)).to.equal(undefined);
    table.touch(ALICE_JULIET, "xmpp", { xmppFull: BALCONY });
    table.onContactGone("alice@sip.test", HARDPHONE);
    expect(table.of(ALICE_JULIET)).to.deep.include({ fromSip: 0, sipLock: undefined, xmppLock: undefined });
  });

  it("is on disk two seconds after it was taken or released, and still works after a restart", async () => {
    const { table, clock, stored } = await locked();
    clock.advance(2_000);
    const [row] = [...stored.values()];
    expect(row).to.deep.include({ sipLock: HARDPHONE, xmppLock: BALCONY });
    table.release(ALICE_JULIET, "xmpp", "gone");
    clock.advance(2_000);
    expect(stored.get(row?.id ?? "")).to.deep.include({ sipLock: HARDPHONE, xmppLock: undefined });

    const again = setUp([...stored.values()]);
    again.clock.advance(clock.now() - again.clock.now());
    await again.table.start();
    expect(again.table.of(ALICE_JULIET)).to.deep.include({ sipLock: HARDPHONE, xmppLock: undefined });
    again.table.onContactGone("alice@sip.test", HARDPHONE);
    expect(again.table.of(ALICE_JULIET)?.sipLock).to.equal(undefined);
  });
});

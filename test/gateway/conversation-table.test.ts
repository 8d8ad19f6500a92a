import { expect } from "chai";
import { ConversationTable } from "../../gateway/conversation/table.ts";
import { Counters } from "../../gateway/counters.ts";
import type { ConversationRecord } from "../../store/port.ts";
import { FakeClock } from "../sip/fake-clock.ts";
import { SILENT } from "./silent-log.ts";

const ALICE_JULIET = { aor: "alice@sip.test", jid: "juliet@xmpp.test" };
const BOB_JULIET = { aor: "bob@sip.test", jid: "juliet@xmpp.test" };

function setUp(rows: readonly ConversationRecord[] = []) {
  const stored = new Map(rows.map((row) => [row.id, row]));
  const clock = new FakeClock();
  const timeout = { seconds: 600 };
  const table = new ConversationTable({
    store: {
      list: async () => [...stored.values()],
      put: async (row) => void stored.set(row.id, row),
      remove: async (id) => void stored.delete(id),
    },
    clock,
    log: SILENT,
    counters: new Counters(),
    inactiveTimeoutSeconds: () => timeout.seconds,
  });
  return { table, clock, stored, timeout };
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

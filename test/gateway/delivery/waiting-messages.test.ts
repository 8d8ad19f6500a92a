import { expect } from "chai";
import type { MessageState } from "../../../gateway/control/message-state.ts";
import { ALICE, imWith, JULIET, turn } from "./delivery-world.ts";
import { setUp, withRow } from "./operator-world.ts";

const BOB = "bob@sip.test";

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

  it("those of a user are those to that user and those from that user, to either network", async () => {
    const { delivery, link, idsOf, messages } = await setUp({ contacts: [] });
    link.state = "waiting";
    delivery.xmppToSip.deliver(imWith("a"), "conv1");
    await delivery.keep(imWith("b", { jid: `${BOB}/desk` }));
    await delivery.keep(imWith("c", { aor: BOB, jid: ALICE }));
    await delivery.keep(imWith("d", { aor: BOB, jid: BOB }));
    await turn();
    expect(await idsOf({ aor: ALICE })).to.deep.equal(["a", "b", "c"]);
    expect(await idsOf({ aor: BOB })).to.deep.equal(["b", "c", "d"]);
    expect(await idsOf({ aor: BOB, state: "failed" })).to.deep.equal([]);
    const { total, messages: shown } = await messages.list({ aor: BOB, limit: 1 });
    expect([total, shown.map(({ from, to }) => [from, to])]).to.deep.equal([3, [[BOB, ALICE]]]);
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

  it("of those under way the number of all is told, whatever the limit", async () => {
    const { delivery, messages } = await setUp();
    const waiting = Array.from({ length: 5 }, (_, index) => `a${index}`);
    for (const id of waiting) delivery.xmppToSip.deliver(imWith(id), "conv1");
    delivery.xmppToSip.deliver(imWith("b", { jid: "romeo@xmpp.test" }), "conv2");
    await turn();
    const listed = async (state: MessageState, limit: number) => {
      const { total, messages: shown } = await messages.list({ state, limit });
      return [total, shown.map(({ stanzaId }) => stanzaId)];
    };
    expect(await listed("handed-over", 1)).to.deep.equal([2, ["a0"]]);
    expect(await listed("handed-over", 10), "one behind those that wait").to.deep.equal([2, ["a0", "b"]]);
    expect(await listed("accepted", 2)).to.deep.equal([4, ["a1", "a2"]]);
  });

  it("more than a page of them", async () => {
    const { delivery, messages } = await setUp();
    for (let index = 0; index < 1_100; index += 1) {
      delivery.xmppToSip.deliver(imWith(`a${index}`, { jid: index < 600 ? JULIET : ALICE }), "conv1");
    }
    await turn();
    const { total, messages: shown } = await messages.list({ state: "accepted", limit: 10_000 });
    expect([total, shown.length]).to.deep.equal([1_098, 1_098]);
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

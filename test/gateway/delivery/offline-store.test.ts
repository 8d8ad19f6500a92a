import { expect } from "chai";
import { type DeliveryWorld, deliveryWorld, imWith, PHONE, turn } from "./delivery-world.ts";

/** Alice is away, and these IMs wait for her. */
async function whileAway(ids: readonly string[], setUp?: (world: DeliveryWorld) => Promise<unknown>) {
  const world = await deliveryWorld({ contacts: [] });
  await world.delivery.start();
  await setUp?.(world);
  for (const id of ids) world.delivery.xmppToSip.deliver(imWith(id), "conv1");
  await turn();
  const conditions = () => world.link.sent.flatMap(({ stanza }) => conditionOf(stanza.toString()) ?? []);
  return { ...world, conditions };
}

function conditionOf(stanza: string): string | undefined {
  return /<([a-z-]+) xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/.exec(stanza)?.[1];
}

describe("IMs that wait for a phone", () => {
  it("are delivered when one registers, in the order in which they came, each after the 2xx for the one before", async () => {
    const { engine, rows, delivery, register, settled } = await whileAway(["a", "b", "c"]);
    expect(delivery.stored).to.equal(3);
    await register(PHONE);
    await turn();
    expect(engine.callIds).to.deep.equal(["call-a"]);
    for (const [index, next] of ["call-b", "call-c"].entries()) {
      engine.sent[index]?.answer(200);
      await turn();
      expect(engine.callIds.at(-1)).to.equal(next);
    }
    engine.sent[2]?.answer(200);
    await settled();
    expect(engine.sent).to.have.length(3);
    expect(rows.size).to.equal(0);
    expect(delivery.stored).to.equal(0);
  });

  it("are delivered once and all of them when they are more than are read at a time", async () => {
    const ids = Array.from({ length: 120 }, (_, index) => String(index));
    const { engine, delivery, register, settled } = await whileAway(ids);
    engine.answers = () => 200;
    await register(PHONE);
    await settled();
    expect(engine.callIds).to.deep.equal(ids.map((id) => `call-${id}`));
    expect(delivery.stored).to.equal(0);
  });

  it("RFC 3428 §6: keep the time at which they were sent", async () => {
    const { engine, clock, register } = await whileAway(["a"]);
    const sentAt = new Date(clock.now());
    clock.advance(3_600_000);
    await register(PHONE);
    await turn();
    expect(engine.sent[0]?.request.headers).to.deep.include(["Date", sentAt.toUTCString()]);
  });

  it("are not overtaken by one that comes while they are delivered, not of another sender either", async () => {
    const { engine, register, delivery } = await whileAway(["a", "b"]);
    await register(PHONE);
    await turn();
    delivery.xmppToSip.deliver(imWith("c"), "conv1");
    delivery.xmppToSip.deliver(imWith("d", { jid: "romeo@xmpp.test/orchard" }), "conv2");
    await turn();
    expect(engine.callIds).to.deep.equal(["call-a"]);
    engine.answers = () => 200;
    engine.sent[0]?.answer(200);
    await turn();
    expect(engine.callIds).to.deep.equal(["call-a", "call-b", "call-c", "call-d"]);
    delivery.xmppToSip.deliver(imWith("e"), "conv1");
    expect(engine.callIds.at(-1), "nothing waits any more").to.equal("call-e");
  });

  it("go on behind one that its recipient refuses; the sender of that one is told", async () => {
    const { engine, register, conditions, states } = await whileAway(["a", "b"]);
    await register(PHONE);
    await turn();
    engine.sent[0]?.answer(603);
    await turn();
    expect(conditions()).to.deep.equal(["recipient-unavailable"]);
    expect(engine.callIds).to.deep.equal(["call-a", "call-b"]);
    expect(states()).to.deep.equal(["failed", "stored"]);
  });

  it("stay when the phone does not answer after all, and are tried again at growing intervals", async () => {
    const { engine, clock, register, states } = await whileAway(["a", "b"]);
    engine.answers = () => 408;
    await register(PHONE);
    await turn();
    const beganAt = clock.now();
    const triedAt: number[] = [];
    for (let second = 0; second <= 2_300; second += 1) {
      while (triedAt.length < engine.sent.length) triedAt.push((clock.now() - beganAt) / 1000);
      clock.advance(1_000);
      await turn();
    }
    expect(triedAt).to.deep.equal([0, 5, 20, 80, 380, 1280, 2180]);
    expect(new Set(engine.callIds)).to.deep.equal(new Set(["call-a"]));
    expect(states()).to.deep.equal(["stored", "stored"]);
  });

  it("are delivered by a REGISTER at once, whatever the interval; then the intervals begin again", async () => {
    const { engine, wait, register } = await whileAway(["a"]);
    engine.answers = () => 503;
    await register(PHONE);
    for (const ms of [0, 5_000, 15_000]) await wait(ms);
    expect(engine.sent).to.have.length(3);
    await register(PHONE);
    await turn();
    expect(engine.sent).to.have.length(4);
    await wait(5_000);
    expect(engine.sent).to.have.length(5);
  });

  it("a REGISTER while one is on its way does not send it twice", async () => {
    const { engine, register } = await whileAway(["a"]);
    await register(PHONE);
    await turn();
    await register(PHONE);
    await turn();
    expect(engine.callIds).to.deep.equal(["call-a"]);
  });

  it("a REGISTER while the row is still being written is not missed", async () => {
    const { engine, delivery, register } = await whileAway([]);
    delivery.xmppToSip.deliver(imWith("a"), "conv1");
    await register(PHONE);
    await turn();
    expect(engine.callIds).to.deep.equal(["call-a"]);
  });

  it("im.enabled off: wait on, and go when it is switched on again", async () => {
    const { engine, register, set } = await whileAway(["a"]);
    await set("im.enabled", "off");
    await register(PHONE);
    await turn();
    expect(engine.sent).to.deep.equal([]);
    await set("im.enabled", "on");
    await turn();
    expect(engine.callIds).to.deep.equal(["call-a"]);
  });

  it("im-gateway.status off: those from XMPP wait on, those between SIP users do not wait for it", async () => {
    const { engine, register, set, delivery, settled } = await whileAway(["a"]);
    engine.answers = () => 200;
    await delivery.keep(imWith("b", { jid: "bob@sip.test", stanzaId: undefined }));
    await set("im-gateway.status", "off");
    await register(PHONE);
    await settled();
    expect(engine.callIds).to.deep.equal(["call-b"]);
    await set("im-gateway.status", "on");
    await settled();
    expect(engine.callIds).to.deep.equal(["call-b", "call-a"]);
  });

  it("those that a phone has not answered join those that wait", async () => {
    for (const status of [408, 430, 480, 503, 504]) {
      const { engine, link, states, delivery } = await deliveryWorld();
      for (const id of ["a", "b"]) delivery.xmppToSip.deliver(imWith(id), "conv1");
      engine.sent[0]?.answer(status);
      await turn();
      expect(states(), String(status)).to.deep.equal(["stored", "stored"]);
      expect(engine.callIds, "the second does not overtake").to.deep.equal(["call-a"]);
      expect(link.sent).to.deep.equal([]);
    }
  });
});

describe("im.offline-quota", () => {
  it("more than so many IMs for one user are refused: resource-constraint, and counted", async () => {
    const { rows, counters, conditions, delivery } = await whileAway(["a", "b", "c"], ({ set }) =>
      set("im.offline-quota", "2"),
    );
    expect(conditions()).to.deep.equal(["resource-constraint"]);
    expect(rows.size).to.equal(2);
    expect(counters.snapshot()).to.include({ "offline.quota-hit": 1, "im.refused": 1 });
    delivery.xmppToSip.deliver(imWith("d", { aor: "bob@sip.test" }), "conv2");
    await turn();
    expect(rows.size, "another user's is his own").to.equal(3);
  });

  it("0: nothing waits", async () => {
    const { rows, conditions } = await whileAway(["a"], ({ set }) => set("im.offline-quota", "0"));
    expect(conditions()).to.deep.equal(["resource-constraint"]);
    expect(rows.size).to.equal(0);
  });
});

describe("im.suppress-offline", () => {
  it("on: refused for who is away, also when others wait from before", async () => {
    const { set, rows, delivery, conditions } = await whileAway(["a"]);
    await set("im.suppress-offline", "on");
    delivery.xmppToSip.deliver(imWith("b"), "conv1");
    await turn();
    expect(conditions()).to.deep.equal(["recipient-unavailable"]);
    expect(rows.size).to.equal(1);
  });

  it("on: what waits for its turn at a phone is not refused", async () => {
    const { set, register, delivery, conditions, states } = await whileAway(["a"]);
    await register(PHONE);
    await set("im.suppress-offline", "on");
    delivery.xmppToSip.deliver(imWith("b"), "conv1");
    await turn();
    expect(conditions()).to.deep.equal([]);
    expect(states()).to.deep.equal(["stored", "stored"]);
  });

  it("on: a phone that does not answer is told as it is", async () => {
    const { engine, link, set, delivery } = await deliveryWorld();
    await set("im.suppress-offline", "on");
    delivery.xmppToSip.deliver(imWith("a"), "conv1");
    engine.sent[0]?.answer(408, { reason: "Request Timeout" });
    await turn();
    const error = link.sent[0]?.stanza.getChild("error");
    expect(error?.getChild("remote-server-timeout")).to.not.equal(undefined);
    expect(error?.getChildText("text")).to.equal("Not delivered. (SIP 408 Request Timeout)");
  });
});

describe("im.offline-expiry", () => {
  const HOUR = 3_600_000;

  it("an IM that has waited so long is told to its sender once, and its row goes", async () => {
    const { link, rows, states, wait, delivery, conditions, counters, settled } = await whileAway(["a"], ({ set }) =>
      set("im.offline-expiry", "3600"),
    );
    await wait(HOUR);
    expect(states()).to.deep.equal(["stored"]);
    await wait(10_000);
    expect(states()).to.deep.equal(["expired"]);
    await wait(60_000);
    expect(conditions()).to.deep.equal(["recipient-unavailable"]);
    expect(link.sent[0]?.stanza.getChild("error")?.attrs["type"]).to.equal("cancel");
    expect(counters.snapshot()).to.include({ "im.to-sip.expired": 1 });
    expect(delivery.stored).to.equal(0);
    link.sent[0]?.settle({ outcome: "processed" });
    await settled();
    expect(states(), "the client may have gone: the row waits for the words to the person").to.deep.equal(["expired"]);
    const { stanza, settle } = link.sent[1] ?? {};
    expect(stanza?.attrs["to"]).to.equal("juliet@xmpp.test");
    expect(stanza?.getChildText("body")).to.include("did not come back in time").and.to.include("“text of a”");
    settle?.({ outcome: "processed" });
    await settled();
    expect(rows.size).to.equal(0);
  });

  it("one that is on its way at that moment is not expired", async () => {
    const { engine, rows, wait, register, conditions, settled } = await whileAway(["a"], ({ set }) =>
      set("im.offline-expiry", "3600"),
    );
    await wait(HOUR);
    await register(PHONE);
    await wait(10_000);
    engine.sent[0]?.answer(200);
    await settled();
    expect(conditions()).to.deep.equal([]);
    expect(rows.size).to.equal(0);
  });

  it("one that expires behind another that is on its way is not delivered any more", async () => {
    const { engine, wait, register, conditions } = await whileAway(["a", "b"], ({ set }) =>
      set("im.offline-expiry", "3600"),
    );
    await wait(HOUR);
    await register(PHONE);
    await wait(10_000);
    expect(conditions()).to.deep.equal(["recipient-unavailable"]);
    engine.sent[0]?.answer(200);
    await turn();
    expect(engine.callIds).to.deep.equal(["call-a"]);
  });
});

describe("a restart", () => {
  it("counts what waits, keeps its order before what is new, and tries the phones that are still registered", async () => {
    const { rows } = await whileAway(["a", "b"]);
    const next = await deliveryWorld({ rows });
    next.clock.advance(60_000);
    await next.delivery.start();
    expect(next.delivery.stored).to.equal(2);
    next.delivery.xmppToSip.deliver(imWith("c"), "conv1");
    await turn();
    expect(next.engine.sent).to.deep.equal([]);
    next.engine.answers = () => 200;
    await next.wait(5_000);
    expect(next.engine.callIds).to.deep.equal(["call-a", "call-b", "call-c"]);
  });

  it("a stop begins nothing more; what fails by it stays", async () => {
    const { engine, register, delivery, states, wait, conditions } = await whileAway(["a", "b"]);
    await register(PHONE);
    await turn();
    const held = delivery.holdTowardsSip();
    engine.sent[0]?.answer(503, { madeHere: true });
    await held;
    await wait(3_600_000);
    await register(PHONE);
    await turn();
    expect(engine.sent).to.have.length(1);
    expect(states()).to.deep.equal(["stored", "stored"]);
    expect(conditions()).to.deep.equal([]);
  });
});

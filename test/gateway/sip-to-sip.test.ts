import { expect } from "chai";
import { ALICE, PHONE, turn, UDP_FLOW } from "./delivery/delivery-world.ts";
import { BOB, IMDN, setUp, TO_ALICE, TO_JULIET } from "./sip-messages-world.ts";

describe("RFC 3428 §6 a MESSAGE to another SIP user", () => {
  it("is proxied to each of the phones, and their answer goes back", async () => {
    const { engine, rows, receive } = await setUp();
    expect((await receive({ to: TO_ALICE })).statuses).to.deep.equal([200]);
    expect(engine.proxied[0]?.options.targets.map(({ uri }) => uri)).to.deep.equal([PHONE]);
    expect(rows.size).to.equal(0);
  });

  it("§7: who is away: 202 once it is on disk, and a phone has it from its sender when it registers", async () => {
    const { engine, states, register, settled, receive } = await setUp({ contacts: [] });
    expect((await receive({ to: TO_ALICE })).statuses).to.deep.equal([202]);
    expect(states()).to.deep.equal(["stored"]);
    engine.answers = () => 200;
    await register(PHONE);
    await settled();
    const { from, to, uri, body } = engine.sent[0]?.request ?? {};
    expect({ from, to, uri, body: String(body) }).to.deep.equal({
      from: "<sip:bob@sip.test>",
      to: "<sip:alice@sip.test>",
      uri: PHONE,
      body: "Hello",
    });
    expect(states()).to.deep.equal([]);
  });

  it("that was kept and fails: its sender reads it in a MESSAGE", async () => {
    const { engine, link, register, receive } = await setUp({ contacts: [] });
    await register("sip:bob@127.0.0.1:5080", { aor: BOB });
    await receive({ to: TO_ALICE });
    engine.answers = ({ uri }) => (uri === PHONE ? 603 : 200);
    await register(PHONE);
    await turn();
    expect(engine.uris).to.deep.equal([PHONE, "sip:bob@127.0.0.1:5080"]);
    expect(engine.bodies[1]).to.include("603").and.include("“Hello”");
    expect(engine.sent[1]?.request.from).to.equal("<sip:alice@sip.test>");
    expect(link.sent).to.deep.equal([]);
  });

  it("waits behind those that wait, also when a phone is there", async () => {
    const { engine, register, receive } = await setUp({ contacts: [] });
    await receive({ to: TO_ALICE, text: "one" });
    await register(PHONE);
    await turn();
    const second = await receive({ to: TO_ALICE, text: "two", fields: { "Call-ID": "call2" } });
    expect(second.statuses).to.deep.equal([202]);
    expect(engine.proxied).to.deep.equal([]);
    engine.answers = () => 200;
    engine.sent[0]?.answer(200);
    await turn();
    expect(engine.bodies).to.deep.equal(["one", "two"]);
    await receive({ to: TO_ALICE, text: "three", fields: { "Call-ID": "call3" } });
    expect(engine.proxied, "nothing waits any more").to.have.length(1);
  });

  it("im.suppress-offline, or a full mailbox: 480 with the error message instead of 202", async () => {
    const { set, rows, receive } = await setUp({ contacts: [] });
    await set("im.suppress-offline", "on");
    const offline = await receive({ to: TO_ALICE });
    expect(offline.answers[0]?.status).to.equal(480);
    expect(offline.answers[0]?.answer?.reason).to.include("not registered");
    await set("im.suppress-offline", "off");
    await set("im.offline-quota", "0");
    expect((await receive({ to: TO_ALICE, fields: { "Call-ID": "call2" } })).statuses).to.deep.equal([480]);
    expect(rows.size).to.equal(0);
  });

  it("a disk that does not take it: 500, not 202", async () => {
    const { disk, delivery, receive } = await setUp({ contacts: [] });
    disk.broken = true;
    expect((await receive({ to: TO_ALICE })).statuses).to.deep.equal([500]);
    expect(delivery.stored).to.equal(0);
  });

  it("what nobody would read later, as an IMDN, is not kept: 480", async () => {
    const { rows, receive } = await setUp({ contacts: [] });
    const { statuses } = await receive({ to: TO_ALICE, text: IMDN, fields: { "Content-Type": "message/imdn+xml" } });
    expect(statuses).to.deep.equal([480]);
    expect(rows.size).to.equal(0);
  });
});

describe("RFC 3428 §6 a MESSAGE to another SIP user whose phones are registered and silent", () => {
  it("is answered 202 by the gateway, which keeps it, before its sender gives up", async () => {
    const { engine, states, register, settled, receive } = await setUp();
    engine.silent = true;
    expect((await receive({ to: TO_ALICE })).statuses).to.deep.equal([202]);
    expect(engine.proxied[0]?.options.timeoutMs, "of 32 s, timer F").to.equal(20_000);
    expect(states()).to.deep.equal(["stored"]);
    engine.answers = () => 200;
    await register(PHONE);
    await settled();
    expect(engine.bodies).to.deep.equal(["Hello"]);
    expect(states()).to.deep.equal([]);
  });

  it("the next ones are kept at once, behind it, until a phone is heard", async () => {
    const { engine, states, receive } = await setUp();
    engine.silent = true;
    await receive({ to: TO_ALICE, text: "one" });
    const { statuses } = await receive({ to: TO_ALICE, text: "two", fields: { "Call-ID": "call2" } });
    expect(statuses).to.deep.equal([202]);
    expect(engine.proxied).to.have.length(1);
    expect(states()).to.deep.equal(["stored", "stored"]);
  });

  it("RFC 3261 §8.2.2.2: a copy by another way is kept once", async () => {
    const { engine, states, receive } = await setUp();
    engine.silent = true;
    const first = await receive({ to: TO_ALICE });
    const copy = await receive({ to: TO_ALICE, fields: { Via: "SIP/2.0/TCP 127.0.0.1:5071;branch=z9hG4bK2" } });
    expect([first.statuses, copy.statuses]).to.deep.equal([[202], [202]]);
    expect(states()).to.deep.equal(["stored"]);
  });

  it("that may not be kept, or cannot: 480 or 500 with the reason", async () => {
    const { engine, disk, set, rows, receive } = await setUp();
    engine.silent = true;
    await set("im.suppress-offline", "on");
    expect((await receive({ to: TO_ALICE })).statuses).to.deep.equal([480]);
    await set("im.suppress-offline", "off");
    disk.broken = true;
    expect((await receive({ to: TO_ALICE, fields: { "Call-ID": "call2" } })).statuses).to.deep.equal([500]);
    expect(rows.size).to.equal(0);
  });

  it("RFC 4320 §4.2: what nobody would read later, as an IMDN, is left to the proxy, which stays silent as well", async () => {
    const { engine, rows, receive } = await setUp();
    engine.silent = true;
    const { statuses } = await receive({ to: TO_ALICE, text: IMDN, fields: { "Content-Type": "message/imdn+xml" } });
    expect(statuses).to.deep.equal([]);
    expect(engine.proxied[0]?.options).to.not.have.any.keys("timeoutMs", "onSilence");
    expect(rows.size).to.equal(0);
  });
});

describe("a phone that turned away what waits for its user", () => {
  it("and now sends a MESSAGE itself: is served at once, whatever the interval", async () => {
    const { engine, states, register, settled, receive } = await setUp({ contacts: [] });
    await receive({ to: TO_ALICE, text: "one" });
    await receive({ to: TO_ALICE, text: "two", fields: { "Call-ID": "call2" } });
    engine.answers = () => 480;
    await register(PHONE);
    await turn();
    expect(engine.bodies).to.deep.equal(["one"]);
    engine.answers = () => 200;
    await receive({ to: TO_JULIET, from: ALICE, fields: { "Call-ID": "call3" } });
    expect(engine.bodies).to.deep.equal(["one", "one", "two"]);
    await settled();
    expect(states()).to.deep.equal([]);
  });

  it("a MESSAGE that comes from no binding of the user says nothing of those", async () => {
    const { engine, register, receive } = await setUp({ contacts: [] });
    await receive({ to: TO_ALICE });
    engine.answers = () => 480;
    const elsewhere = { address: "127.0.0.1", port: 5099 };
    await register("sip:alice@127.0.0.1:5099", { flow: { ...UDP_FLOW, remote: elsewhere } });
    await turn();
    await receive({ to: TO_JULIET, from: ALICE, fields: { "Call-ID": "call2" } });
    expect(engine.bodies).to.deep.equal(["Hello"]);
  });
});

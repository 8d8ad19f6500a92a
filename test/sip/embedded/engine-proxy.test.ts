import { expect } from "chai";
import type { EmbeddedSipEngineOptions } from "../../../sip/embedded/engine.ts";
import type { ProxyTarget, Responder } from "../../../sip/engine.ts";
import { FakeClock } from "../fake-clock.ts";
import { answerText, closeAll, fieldOf, openEngine, UdpPeer, until } from "./loopback.ts";
import { type RequestText, requestText } from "./transaction-fixtures.ts";

/** Shorter than timer F, after which nothing may be said any more. */
const SILENT_AFTER_MS = 20_000;

/** An alarm of the engine rings two ticks late at the most. */
const RUNG_WITHIN_MS = 200;

/** A caller, our proxy, and the phones that it forks to. */
async function openFork(
  phones: number,
  options: Partial<EmbeddedSipEngineOptions> = {},
  onSilence?: (responder: Responder) => void,
) {
  const { engine, udp } = await openEngine(options);
  const caller = await UdpPeer.open();
  const targets: ProxyTarget[] = [];
  const peers: UdpPeer[] = [];
  for (let number = 0; number < phones; number += 1) {
    const peer = await UdpPeer.open();
    peers.push(peer);
    const flow = { protocol: "udp", local: udp, remote: peer.local } as const;
    targets.push({ uri: `sip:bob-${number}@phone.invalid`, flow });
  }
  const statuses: number[] = [];
  engine.on("MESSAGE", async (request, responder) => {
    const silence = onSilence && { timeoutMs: SILENT_AFTER_MS, onSilence: () => onSilence(responder) };
    statuses.push((await engine.proxy(request, { responder, targets, ...silence })).status);
  });
  const send = (text: RequestText = {}) => {
    const via = `SIP/2.0/UDP 127.0.0.1:${caller.local.port};branch=z9hG4bKcaller;rport`;
    caller.send(requestText({ via, body: "hello", ...text }), udp);
  };
  return { engine, udp, caller, peers, statuses, send, targets };
}

describe("RFC 3261 §16 the stateful proxy", () => {
  afterEach(closeAll);

  it("§16.6: passes the request on with its Via on top, one hop less, the target as Request-URI", async () => {
    const { udp, caller, peers, statuses, send } = await openFork(1);
    send({ lines: ["Subject: kept", `Route: <sip:127.0.0.1:${udp.port};lr>`] });
    const text = (await peers[0]?.receive()) ?? "";
    expect(text).to.match(/^MESSAGE sip:bob-0@phone\.invalid SIP\/2\.0\r\nVia: SIP\/2\.0\/UDP 127\.0\.0\.1:/);
    expect(text.match(/^Via:/gm)).to.have.length(2);
    expect(fieldOf(text, "Max-Forwards")).to.equal("69");
    expect(fieldOf(text, "Subject")).to.equal("kept");
    expect(text).to.match(/\r\n\r\nhello$/);
    expect(fieldOf(text, "Route")).to.equal(undefined);
    peers[0]?.send(answerText(text, 200, ["X-Extra: kept"], "body"), udp);
    const answer = await caller.receive();
    expect(answer).to.match(/^SIP\/2\.0 200 Peer\r\n/);
    expect(answer.match(/^Via:/gm)).to.have.length(1);
    expect(fieldOf(answer, "To")).to.equal("<sip:bob@sip.test>;tag=peer");
    expect(fieldOf(answer, "X-Extra")).to.equal("kept");
    expect(fieldOf(answer, "Server")).to.equal(undefined);
    expect(answer).to.match(/\r\n\r\nbody$/);
    await until(() => statuses.length === 1);
    expect(statuses).to.deep.equal([200]);
  });

  it("§22.3: credentials for us are used up, in either header; those for other realms go on", async () => {
    const { peers, send } = await openFork(1, { hosts: ["sip.test"] });
    const credentials = (realm: string) =>
      `Digest username="a", realm="${realm}", nonce="n", uri="sip:b@c", response="${"0".repeat(32)}"`;
    const [ours, other] = [credentials("sip.test"), credentials("elsewhere.test")];
    send({ lines: [`Authorization: ${ours}`, `Proxy-Authorization: ${ours}`, `Proxy-Authorization: ${other}`] });
    const text = (await peers[0]?.receive()) ?? "";
    expect(text.match(/^.*Authorization:.*$/gm)).to.deep.equal([`Proxy-Authorization: ${other}`]);
  });

  it("a Route to somebody else stays and is followed", async () => {
    const { engine, udp } = await openEngine();
    const [caller, edge] = [await UdpPeer.open(), await UdpPeer.open()];
    engine.on("MESSAGE", async (request, responder) => {
      await engine.proxy(request, { responder, targets: [{ uri: "sip:bob@phone.invalid" }] });
    });
    const route = `<sip:127.0.0.1:${edge.local.port};lr>`;
    const via = `SIP/2.0/UDP 127.0.0.1:${caller.local.port};branch=z9hG4bKroute`;
    caller.send(
      requestText({ via, lines: [`Route: <sip:sip.test:${udp.port};lr>, ${route}`.replace("sip.test", "127.0.0.1")] }),
      udp,
    );
    expect(fieldOf(await edge.receive(), "Route")).to.equal(route);
  });

  it("§16.6 step 3: adds Max-Forwards where there is none", async () => {
    const { udp, caller, peers } = await openFork(1);
    const via = `SIP/2.0/UDP 127.0.0.1:${caller.local.port};branch=z9hG4bKnomf`;
    caller.send(requestText({ via }).replace("Max-Forwards: 70\r\n", ""), udp);
    expect(fieldOf((await peers[0]?.receive()) ?? "", "Max-Forwards")).to.equal("70");
  });

  it("§16.7: a retransmission of a forwarded request gets the same answer and is not forwarded again", async () => {
    const { udp, caller, peers, send } = await openFork(1);
    send();
    peers[0]?.send(answerText((await peers[0]?.receive()) ?? "", 202, ["X-Extra: kept"]), udp);
    const first = await caller.receive();
    send();
    expect(await caller.receive()).to.equal(first);
    expect(peers[0]?.waiting).to.equal(0);
  });

  it("§16.7: the Record-Route of the answer is passed on as it is", async () => {
    const { engine, udp } = await openEngine();
    const [caller, phone] = [await UdpPeer.open(), await UdpPeer.open()];
    engine.on("SUBSCRIBE", async (request, responder) => {
      await engine.proxy(request, { responder, targets: [{ uri: `sip:bob@127.0.0.1:${phone.local.port}` }] });
    });
    const via = `SIP/2.0/UDP 127.0.0.1:${caller.local.port};branch=z9hG4bKrr`;
    caller.send(requestText({ method: "SUBSCRIBE", via, lines: ["Record-Route: <sip:one.test;lr>"] }), udp);
    const lines = ["Record-Route: <sip:two.test;lr>", "Record-Route: <sip:one.test;lr>"];
    phone.send(answerText(await phone.receive(), 200, lines), udp);
    expect((await caller.receive()).split("\r\n").filter((line) => line.startsWith("Record-Route"))).to.deep.equal(
      lines,
    );
  });

  const forks: readonly (readonly [readonly number[], number])[] = [
    [[404, 200], 200],
    [[200, 404], 200],
    [[480, 404], 480],
    [[486, 603], 603],
    [[302, 404], 302],
    [[500, 404], 404],
    [[404, 407], 407],
    [[503, 503], 500],
  ];
  for (const [answers, best] of forks) {
    it(`§16.7 step 6: ${answers.join(" and ")} → ${best}`, async () => {
      const { udp, caller, peers, statuses, send } = await openFork(answers.length);
      send();
      for (const [index, status] of answers.entries()) {
        const peer = peers[index];
        peer?.send(answerText(await peer.receive(), status), udp);
      }
      expect(await caller.receive()).to.match(new RegExp(`^SIP/2\\.0 ${best} `));
      await until(() => statuses.length === 1);
      expect(statuses).to.deep.equal([best]);
    });
  }

  it("§16.7 step 7: the challenges of all branches are brought together", async () => {
    const { udp, caller, peers, send } = await openFork(2);
    send();
    const challenges = ['WWW-Authenticate: Digest realm="one"', 'Proxy-Authenticate: Digest realm="two"'];
    for (const [index, status] of [401, 407].entries()) {
      const peer = peers[index];
      peer?.send(answerText((await peer.receive()) ?? "", status, [challenges[index] ?? ""]), udp);
    }
    const answer = await caller.receive();
    expect(answer).to.match(/^SIP\/2\.0 401 /);
    for (const challenge of challenges) expect(answer).to.contain(challenge);
  });

  it("§16.3 step 3: Max-Forwards 0 → 483", async () => {
    const { udp, caller, peers, statuses } = await openFork(1);
    const via = `SIP/2.0/UDP 127.0.0.1:${caller.local.port};branch=z9hG4bKmf0`;
    caller.send(requestText({ via }).replace("Max-Forwards: 70", "Max-Forwards: 0"), udp);
    expect(await caller.receive()).to.match(/^SIP\/2\.0 483 /);
    await until(() => statuses.length === 1);
    expect(statuses).to.deep.equal([483]);
    expect(peers[0]?.waiting).to.equal(0);
  });

  it("§16.3 step 4: a request that comes back unchanged → 482", async () => {
    const { engine, udp } = await openEngine();
    const caller = await UdpPeer.open();
    const statuses: number[] = [];
    engine.on("MESSAGE", async (request, responder) => {
      const targets = [{ uri: `sip:bob@127.0.0.1:${udp.port}` }];
      statuses.push((await engine.proxy(request, { responder, targets })).status);
    });
    const via = `SIP/2.0/UDP 127.0.0.1:${caller.local.port};branch=z9hG4bKloop`;
    caller.send(requestText({ via }), udp);
    expect(await caller.receive()).to.match(/^SIP\/2\.0 482 /);
    await until(() => statuses.length === 3);
    expect(statuses).to.deep.equal([482, 482, 482]);
  });

  it("§16.3 step 5: an unknown Proxy-Require → 420", async () => {
    const { caller, send } = await openFork(1);
    send({ lines: ["Proxy-Require: teleport"] });
    const answer = await caller.receive();
    expect(answer).to.match(/^SIP\/2\.0 420 /);
    expect(fieldOf(answer, "Unsupported")).to.equal("teleport");
  });

  it("no target → 480", async () => {
    const { caller, send } = await openFork(0);
    send();
    expect(await caller.receive()).to.match(/^SIP\/2\.0 480 /);
  });

  it("RFC 5393 §5: more branches than one request may make → 440", async () => {
    const { engine, udp } = await openEngine();
    const caller = await UdpPeer.open();
    const targets = Array.from({ length: 21 }, (_, number) => ({ uri: `sip:bob-${number}@phone.invalid` }));
    engine.on("MESSAGE", async (request, responder) => {
      await engine.proxy(request, { responder, targets });
    });
    caller.send(requestText({ via: `SIP/2.0/UDP 127.0.0.1:${caller.local.port};branch=z9hG4bKbreadth` }), udp);
    expect(await caller.receive()).to.match(/^SIP\/2\.0 440 /);
  });

  it("an INVITE is not proxied", async () => {
    const { engine, udp } = await openEngine();
    const caller = await UdpPeer.open();
    engine.on("INVITE", async (request, responder) => {
      await engine.proxy(request, { responder, targets: [{ uri: "sip:bob@127.0.0.1:9" }] });
    });
    const via = `SIP/2.0/UDP 127.0.0.1:${caller.local.port};branch=z9hG4bKcall`;
    caller.send(requestText({ method: "INVITE", via }), udp);
    expect(await caller.receive()).to.match(/^SIP\/2\.0 501 /);
  });

  it("RFC 4320 §4.2: when every branch has timed out the status is 408, which is not sent", async () => {
    const clock = new FakeClock();
    const { engine, caller, peers, statuses, send } = await openFork(2, { clock });
    send();
    for (const peer of peers) await peer.receive();
    clock.advance(5000);
    expect(await caller.receive()).to.match(/^SIP\/2\.0 100 /);
    clock.advance(28_000);
    await until(() => statuses.length === 1);
    expect(statuses).to.deep.equal([408]);
    expect(engine.counters().openServerTransactions).to.equal(0);
    clock.advance(10_000);
    expect(caller.waiting).to.equal(0);
  });

  it("a timeout does not hide another answer", async () => {
    const clock = new FakeClock();
    const { udp, caller, peers, send } = await openFork(2, { clock });
    send();
    const [first] = peers;
    first?.send(answerText((await first.receive()) ?? "", 480), udp);
    await peers[1]?.receive();
    clock.advance(5000);
    expect(await caller.receive()).to.match(/^SIP\/2\.0 100 /);
    clock.advance(28_000);
    expect(await caller.receive()).to.match(/^SIP\/2\.0 480 /);
  });
});

describe("a caller of the proxy who answers in its place when every target is silent", () => {
  afterEach(closeAll);

  const answerKept = (responder: Responder) => responder.respond(202);

  it("is asked at the end of the time that it gave, once; only its answer goes back", async () => {
    const clock = new FakeClock();
    const { caller, peers, statuses, send } = await openFork(2, { clock }, answerKept);
    send();
    for (const peer of peers) await peer.receive();
    clock.advance(SILENT_AFTER_MS - 1);
    expect(await caller.receive()).to.match(/^SIP\/2\.0 100 /);
    expect(statuses).to.deep.equal([]);
    clock.advance(1 + RUNG_WITHIN_MS);
    expect(await caller.receive()).to.match(/^SIP\/2\.0 202 /);
    await until(() => statuses.length === 1);
    expect(statuses).to.deep.equal([408]);
    clock.advance(10_000);
    expect(caller.waiting).to.equal(0);
  });

  it("nothing goes back while it has not answered; its answer may come later", async () => {
    const clock = new FakeClock();
    const asked: Responder[] = [];
    const { caller, peers, statuses, send } = await openFork(1, { clock }, (responder) => asked.push(responder));
    send();
    await peers[0]?.receive();
    clock.advance(SILENT_AFTER_MS + RUNG_WITHIN_MS);
    expect(await caller.receive()).to.match(/^SIP\/2\.0 100 /);
    await until(() => statuses.length === 1);
    expect(asked.map(({ answered }) => answered)).to.deep.equal([false]);
    asked[0]?.respond(500);
    expect(await caller.receive()).to.match(/^SIP\/2\.0 500 /);
  });

  it("is not asked when one target has answered: 486 goes back, whatever the others do", async () => {
    const clock = new FakeClock();
    const { engine, udp, caller, peers, statuses, send } = await openFork(2, { clock }, answerKept);
    send();
    const [busy, silent] = peers;
    busy?.send(answerText((await busy.receive()) ?? "", 486), udp);
    await silent?.receive();
    await until(() => engine.counters().openClientTransactions === 1);
    clock.advance(SILENT_AFTER_MS + RUNG_WITHIN_MS);
    expect(await caller.receive()).to.match(/^SIP\/2\.0 100 /);
    expect(await caller.receive()).to.match(/^SIP\/2\.0 486 /);
    await until(() => statuses.length === 1);
    expect(statuses).to.deep.equal([486]);
  });

  it("is asked when no target can be reached either", async () => {
    const { engine, udp } = await openEngine();
    const caller = await UdpPeer.open();
    engine.on("MESSAGE", async (request, responder) => {
      const targets = [{ uri: "sip:bob@phone.invalid" }];
      await engine.proxy(request, { responder, targets, onSilence: () => answerKept(responder) });
    });
    caller.send(requestText({ via: `SIP/2.0/UDP 127.0.0.1:${caller.local.port};branch=z9hG4bKgone` }), udp);
    expect(await caller.receive()).to.match(/^SIP\/2\.0 202 /);
  });
});

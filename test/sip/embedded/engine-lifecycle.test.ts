import { expect } from "chai";
import type { Responder } from "../../../sip/engine.ts";
import { FakeClock } from "../fake-clock.ts";
import { answerText, closeAll, fieldOf, loopback, openEngine, UdpPeer, until, viaOf } from "./loopback.ts";
import { requestText } from "./transaction-fixtures.ts";

describe("starting and stopping the engine", () => {
  afterEach(closeAll);

  it("a busy UDP port rejects with its address", async () => {
    const peer = await UdpPeer.open();
    const { port } = peer.local;
    const failed = await openEngine({ listen: [loopback("udp", "127.0.0.1", port)] }).catch((error: Error) => error);
    expect(failed).to.be.instanceOf(Error);
    expect(String(failed)).to.contain(`udp://127.0.0.1:${port}`);
  });

  it("a busy TCP port rejects with its address, and what was opened is closed again", async () => {
    const { tcp } = await openEngine({ listen: [loopback("tcp", "::1")] });
    const free = await UdpPeer.open();
    const listen = [loopback("udp"), loopback("tcp", "::1", tcp.port)];
    const failed = await openEngine({ listen }).catch((error: Error) => error);
    expect(String(failed)).to.contain(`tcp://[::1]:${tcp.port}`);
    expect(free.waiting).to.equal(0);
  });

  it("gives the port that port 0 became", async () => {
    const { udp, tcp } = await openEngine();
    expect(udp.port).to.be.greaterThan(0);
    expect(tcp.port).to.be.greaterThan(0);
  });

  it("while stopping, new requests get 503 with Retry-After and open ones may finish", async () => {
    const held: Responder[] = [];
    const { engine, udp } = await openEngine();
    engine.on("MESSAGE", (_request, responder) => {
      held.push(responder);
    });
    const peer = await UdpPeer.open();
    peer.send(requestText({ via: viaOf(peer, "open") }), udp);
    await until(() => held.length === 1);
    const stopped = engine.stop(20_000);
    peer.send(requestText({ via: viaOf(peer, "late") }), udp);
    const refused = await peer.receive();
    expect(refused).to.match(/^SIP\/2\.0 503 /);
    expect(fieldOf(refused, "Retry-After")).to.equal("5");
    held[0]?.respond(200);
    expect(await peer.receive()).to.match(/^SIP\/2\.0 200 /);
    await stopped;
  });

  it("while stopping, a request of our own may get its answer", async () => {
    const { engine, udp } = await openEngine();
    const slow = await UdpPeer.open();
    const answer = engine.request({
      method: "MESSAGE",
      uri: `sip:bob@127.0.0.1:${slow.local.port}`,
      from: "<sip:alice@sip.test>",
      to: "<sip:bob@sip.test>",
    });
    const request = await slow.receive();
    const stopped = engine.stop(20_000);
    slow.send(answerText(request, 200), udp);
    expect((await answer).status).to.equal(200);
    await stopped;
  });

  it("the grace ends though a request is still open", async () => {
    const clock = new FakeClock();
    const held: Responder[] = [];
    const { engine, udp } = await openEngine({ clock });
    engine.on("MESSAGE", (_request, responder) => {
      held.push(responder);
    });
    const peer = await UdpPeer.open();
    peer.send(requestText({ via: viaOf(peer, "open") }), udp);
    await until(() => held.length === 1);
    const stopped = engine.stop(3000);
    clock.advance(3000);
    await stopped;
    held[0]?.respond(200); // too late, and harmless
    expect(peer.waiting).to.equal(0);
  });

  it("requests of our own that still wait end with 503", async () => {
    const { engine } = await openEngine();
    const silent = await UdpPeer.open();
    const answer = engine.request({
      method: "MESSAGE",
      uri: `sip:bob@127.0.0.1:${silent.local.port}`,
      from: "<sip:alice@sip.test>",
      to: "<sip:bob@sip.test>",
    });
    await silent.receive();
    await engine.stop();
    expect((await answer).status).to.equal(503);
  });

  it("stopping twice is stopping once", async () => {
    const { engine } = await openEngine();
    await engine.stop();
    await engine.stop();
    expect(engine.counters().openServerTransactions).to.equal(0);
  });
});

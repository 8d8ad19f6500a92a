import { expect } from "chai";
import type { Responder } from "../../../sip/engine.ts";
import { FakeClock } from "../fake-clock.ts";
import { closeAll, openEngine, UdpPeer, until, viaOf } from "./loopback.ts";
import { requestText } from "./transaction-fixtures.ts";

describe("the guard of the one final answer", () => {
  afterEach(closeAll);

  const faults: readonly (readonly [string, () => void | Promise<void>])[] = [
    [
      "throws",
      () => {
        throw new Error("on purpose");
      },
    ],
    ["rejects", () => Promise.reject(new Error("on purpose"))],
  ];
  for (const [what, handler] of faults) {
    it(`a handler that ${what} → 500`, async () => {
      const { engine, udp } = await openEngine();
      engine.on("MESSAGE", handler);
      const peer = await UdpPeer.open();
      peer.send(requestText({ via: viaOf(peer, "fault") }), udp);
      expect(await peer.receive()).to.match(/^SIP\/2\.0 500 /);
    });
  }

  it("a handler may end and its request be answered later", async () => {
    const held: Responder[] = [];
    const { engine, udp } = await openEngine();
    engine.on("MESSAGE", (_request, responder) => {
      held.push(responder);
      return Promise.resolve();
    });
    const peer = await UdpPeer.open();
    peer.send(requestText({ via: viaOf(peer, "later") }), udp);
    await until(() => held.length === 1);
    held[0]?.respond(202);
    expect(await peer.receive()).to.match(/^SIP\/2\.0 202 /);
  });

  it("a second final answer is dropped", async () => {
    const { engine, udp } = await openEngine();
    engine.on("MESSAGE", (_request, responder) => {
      responder.respond(404);
      expect(responder.answered).to.equal(true);
      responder.respond(200);
    });
    engine.on("OPTIONS", (_request, responder) => responder.respond(200));
    const peer = await UdpPeer.open();
    peer.send(requestText({ via: viaOf(peer, "twice") }), udp);
    expect(await peer.receive()).to.match(/^SIP\/2\.0 404 /);
    peer.send(requestText({ method: "OPTIONS", via: viaOf(peer, "next") }), udp);
    expect(await peer.receive()).to.match(/CSeq: 20 OPTIONS/);
  });

  it("a handler that forgets its request: 100 after 3.5 s, 500 after the last timer of the client", async () => {
    const clock = new FakeClock();
    const responders: Responder[] = [];
    const { engine, udp } = await openEngine({ clock });
    engine.on("MESSAGE", (_request, responder) => {
      responders.push(responder);
    });
    const peer = await UdpPeer.open();
    peer.send(requestText({ via: viaOf(peer, "forgotten") }), udp);
    await until(() => responders.length === 1);
    clock.advance(4000);
    expect(await peer.receive()).to.match(/^SIP\/2\.0 100 Trying/);
    clock.advance(31_000);
    expect(await peer.receive()).to.match(/^SIP\/2\.0 500 /);
    expect(responders[0]?.answered).to.equal(true);
    expect(engine.counters().openServerTransactions).to.equal(0);
  });

  it("RFC 4320 §4.1: a handler's provisional answer to a non-INVITE request does not leave", async () => {
    const { engine, udp } = await openEngine();
    engine.on("MESSAGE", (_request, responder) => {
      responder.respond(183);
      expect(responder.answered).to.equal(false);
      responder.respond(200);
    });
    const peer = await UdpPeer.open();
    peer.send(requestText({ via: viaOf(peer, "183") }), udp);
    expect(await peer.receive()).to.match(/^SIP\/2\.0 200 /);
  });
});

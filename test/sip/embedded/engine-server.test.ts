import { expect } from "chai";
import type { Responder } from "../../../sip/engine.ts";
import type { SipRequest } from "../../../sip/message.ts";
import { FakeClock } from "../fake-clock.ts";
import { closeAll, fieldOf, loopback, openEngine, UdpPeer, until, viaOf } from "./loopback.ts";
import { requestText } from "./transaction-fixtures.ts";

describe("the SIP engine over UDP", () => {
  afterEach(closeAll);

  for (const address of ["127.0.0.1", "::1"]) {
    it(`RFC 3261 §17.2.2: a retransmission is absorbed and answered with the same bytes (${address})`, async () => {
      let handled = 0;
      const { engine, udp } = await openEngine({ listen: [loopback("udp", address)] });
      engine.on("MESSAGE", (_request, responder) => {
        handled += 1;
        responder.respond(202, { headers: [["X-Extra", "kept"]] });
      });
      const peer = await UdpPeer.open(address);
      const text = requestText({ via: viaOf(peer, "again"), body: "hello" });
      peer.send(text, udp);
      const first = await peer.receive();
      peer.send(text, udp);
      expect(await peer.receive()).to.equal(first);
      expect(handled).to.equal(1);
      expect(first).to.match(/^SIP\/2\.0 202 Accepted\r\n/);
      expect(fieldOf(first, "X-Extra")).to.equal("kept");
      expect(fieldOf(first, "To")).to.match(/;tag=[0-9a-f]{16}$/);
      expect(fieldOf(first, "Server")).to.equal("Parley");
    });
  }

  it("a retransmission before the answer is absorbed", async () => {
    const responders: Responder[] = [];
    const { engine, udp } = await openEngine();
    engine.on("MESSAGE", (_request, responder) => {
      responders.push(responder);
    });
    engine.on("OPTIONS", (_request, responder) => responder.respond(200));
    const peer = await UdpPeer.open();
    const text = requestText({ via: viaOf(peer, "early") });
    peer.send(text, udp);
    peer.send(text, udp);
    peer.send(requestText({ method: "OPTIONS", via: viaOf(peer, "after") }), udp);
    expect(await peer.receive()).to.match(/CSeq: 20 OPTIONS/); // both copies have been read by now
    expect(responders).to.have.length(1);
    responders[0]?.respond(200);
    expect(await peer.receive()).to.match(/^SIP\/2\.0 200 OK\r\n/);
  });

  it("RFC 3261 §17.2.3: the same branch from another sent-by or with another method is another request", async () => {
    const seen: SipRequest[] = [];
    const { engine, udp } = await openEngine();
    engine.on("*", (request, responder) => {
      seen.push(request);
      responder.respond(200);
    });
    const peers = [await UdpPeer.open(), await UdpPeer.open()] as const;
    peers[0].send(requestText({ via: viaOf(peers[0], "same") }), udp);
    peers[1].send(requestText({ via: viaOf(peers[1], "same") }), udp);
    peers[0].send(requestText({ via: viaOf(peers[0], "same"), method: "OPTIONS" }), udp);
    await Promise.all([peers[0].receive(), peers[1].receive()]);
    await peers[0].receive();
    expect(seen).to.have.length(3);
  });

  it("RFC 2543: requests without the magic cookie are told apart by Call-ID and CSeq", async () => {
    let handled = 0;
    const { engine, udp } = await openEngine();
    engine.on("MESSAGE", (_request, responder) => {
      handled += 1;
      responder.respond(200);
    });
    const peer = await UdpPeer.open();
    const via = `SIP/2.0/UDP 127.0.0.1:${peer.local.port}`;
    for (const callId of ["one", "one", "two"]) {
      peer.send(requestText({ via, callId }), udp);
      await peer.receive();
    }
    expect(handled).to.equal(2);
  });

  it("RFC 3581 §4: rport brings the answer to the source port and names it", async () => {
    const { engine, udp } = await openEngine();
    engine.on("MESSAGE", (_request, responder) => responder.respond(200));
    const peer = await UdpPeer.open();
    peer.send(requestText({ via: "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKnat;rport" }), udp);
    const via = fieldOf(await peer.receive(), "Via");
    expect(via).to.contain(`rport=${peer.local.port}`).and.to.contain("received=127.0.0.1");
  });

  it("RFC 3261 §18.2.2: without rport the answer goes to the source address and the port of sent-by", async () => {
    const { engine, udp } = await openEngine();
    engine.on("MESSAGE", (_request, responder) => responder.respond(200));
    const [sender, listener] = [await UdpPeer.open(), await UdpPeer.open()];
    sender.send(requestText({ via: `SIP/2.0/UDP phone.sip.test:${listener.local.port};branch=z9hG4bKold` }), udp);
    expect(fieldOf(await listener.receive(), "Via")).to.contain("received=127.0.0.1");
  });

  it("a maddr in the Via turns no answer aside", async () => {
    const { engine, udp } = await openEngine();
    engine.on("MESSAGE", (_request, responder) => responder.respond(200));
    const [sender, aimedAt] = [await UdpPeer.open(), await UdpPeer.open()];
    const via = `SIP/2.0/UDP 127.0.0.1:${sender.local.port};branch=z9hG4bKm;maddr=127.0.0.2`;
    sender.send(requestText({ via }), udp);
    expect(await sender.receive()).to.match(/^SIP\/2\.0 200/);
    expect(aimedAt.waiting).to.equal(0);
  });

  it("RFC 3261 §8.2.1: a method without a handler gets 405 with Allow", async () => {
    const { engine, udp } = await openEngine();
    engine.on("MESSAGE", (_request, responder) => responder.respond(200));
    engine.on("REGISTER", (_request, responder) => responder.respond(200));
    const peer = await UdpPeer.open();
    peer.send(requestText({ method: "PUBLISH", via: viaOf(peer, "405") }), udp);
    const answer = await peer.receive();
    expect(answer).to.match(/^SIP\/2\.0 405 Method Not Allowed/);
    expect(fieldOf(answer, "Allow")).to.equal("MESSAGE, REGISTER");
  });

  it("RFC 3261 §8.2.2.3: an extension that is not known gets 420, a known one passes", async () => {
    const { engine, udp } = await openEngine({ supported: ["eventlist"] });
    engine.on("MESSAGE", (_request, responder) => responder.respond(200));
    const peer = await UdpPeer.open();
    peer.send(requestText({ via: viaOf(peer, "req1"), lines: ["Require: eventlist, teleport"] }), udp);
    const refused = await peer.receive();
    expect(refused).to.match(/^SIP\/2\.0 420 /);
    expect(fieldOf(refused, "Unsupported")).to.equal("teleport");
    peer.send(requestText({ via: viaOf(peer, "req2"), lines: ["Require: eventlist"] }), udp);
    expect(await peer.receive()).to.match(/^SIP\/2\.0 200 /);
  });

  it("RFC 3261 §17.2.1: a refused INVITE is answered until its ACK, which is absorbed", async () => {
    const clock = new FakeClock();
    const { engine, udp } = await openEngine({ clock });
    engine.on("OPTIONS", (_request, responder) => responder.respond(200));
    const peer = await UdpPeer.open();
    const via = viaOf(peer, "invite");
    peer.send(requestText({ method: "INVITE", via }), udp);
    const refused = await peer.receive();
    expect(refused).to.match(/^SIP\/2\.0 405 /);
    clock.advance(700);
    expect(await peer.receive()).to.equal(refused);
    peer.send(requestText({ method: "ACK", via }), udp);
    peer.send(requestText({ method: "OPTIONS", via: viaOf(peer, "ping") }), udp);
    expect(await peer.receive()).to.match(/CSeq: 20 OPTIONS/);
    clock.advance(40_000);
    peer.send(requestText({ method: "OPTIONS", via: viaOf(peer, "ping2") }), udp);
    expect(await peer.receive()).to.match(/CSeq: 20 OPTIONS/);
    expect(engine.counters().openServerTransactions).to.equal(0);
  });

  it("RFC 3261 §9.2: CANCEL gets 481 where there is no INVITE, else 200 and the INVITE gets 487", async () => {
    const { engine, udp } = await openEngine();
    engine.on("INVITE", () => {});
    const peer = await UdpPeer.open();
    peer.send(requestText({ method: "CANCEL", via: viaOf(peer, "none") }), udp);
    expect(await peer.receive()).to.match(/^SIP\/2\.0 481 /);
    peer.send(requestText({ method: "INVITE", via: viaOf(peer, "call") }), udp);
    peer.send(requestText({ method: "CANCEL", via: viaOf(peer, "call") }), udp);
    const answers = [await peer.receive(), await peer.receive()].filter((text) => !text.startsWith("SIP/2.0 100"));
    expect(answers[0]).to.match(/^SIP\/2\.0 200 OK[\s\S]*CSeq: 20 CANCEL/);
    expect(answers[1] ?? (await peer.receive())).to.match(/^SIP\/2\.0 487 [\s\S]*CSeq: 20 INVITE/);
  });

  it("malformed datagrams cost nothing but themselves", async () => {
    const { engine, udp } = await openEngine();
    engine.on("MESSAGE", (_request, responder) => responder.respond(200));
    const peer = await UdpPeer.open();
    const garbage = [
      "",
      "\r\n\r\n",
      "\0\0\0\0",
      "x".repeat(60_000),
      "MESSAGE\r\n\r\n",
      "SIP/2.0 200 OK\r\n\r\n",
      "\xff\xfe".repeat(99),
    ];
    for (const text of garbage) peer.send(Buffer.from(text, "latin1"), udp);
    peer.send(requestText({ via: viaOf(peer, "good") }), udp);
    expect(await peer.receive()).to.match(/^SIP\/2\.0 200 /);
    expect(engine.counters().openServerTransactions).to.equal(0);
  });

  it("RFC 3261 §21.4.1: a request that can be read far enough is told what is wrong with it", async () => {
    const { udp } = await openEngine();
    const peer = await UdpPeer.open();
    peer.send(requestText({ via: viaOf(peer, "bad") }).replace("CSeq: 20 MESSAGE", "CSeq: 20 OPTIONS"), udp);
    expect(await peer.receive()).to.match(/^SIP\/2\.0 400 [\s\S]*Via: [\s\S]*To: <sip:bob@sip\.test>;tag=/);
    peer.send(requestText({ via: viaOf(peer, "v3") }).replace("SIP/2.0\r\n", "SIP/3.0\r\n"), udp);
    expect(await peer.receive()).to.match(/^SIP\/2\.0 505 /);
  });

  it("a stray response is dropped", async () => {
    const { engine, udp } = await openEngine();
    const peer = await UdpPeer.open();
    peer.send(requestText({ via: viaOf(peer, "stray") }).replace(/^.*\r\n/, "SIP/2.0 200 OK\r\n"), udp);
    await until(() => engine.counters().strayResponses === 1);
    expect(peer.waiting).to.equal(0);
  });

  it("beyond the bound of open requests, new ones get 503 with Retry-After and leave nothing behind", async () => {
    const held: Responder[] = [];
    const { engine, udp } = await openEngine({ limits: { maxOpenServerTransactions: 1 } });
    engine.on("MESSAGE", (_request, responder) => {
      held.push(responder);
    });
    const peer = await UdpPeer.open();
    peer.send(requestText({ via: viaOf(peer, "held") }), udp);
    const second = requestText({ via: viaOf(peer, "second") });
    peer.send(second, udp);
    const refused = await peer.receive();
    expect(refused).to.match(/^SIP\/2\.0 503 /);
    expect(fieldOf(refused, "Retry-After")).to.equal("5");
    expect(engine.counters().serverTransactions).to.equal(1);
    held[0]?.respond(200);
    expect(await peer.receive()).to.match(/^SIP\/2\.0 200 /);
    peer.send(second, udp);
    await until(() => held.length === 2);
  });

  it("completed transactions are bounded and counted when pushed out", async () => {
    const { engine, udp } = await openEngine({ limits: { maxServerTransactions: 10 } });
    engine.on("MESSAGE", (_request, responder) => responder.respond(200));
    const peer = await UdpPeer.open();
    for (let number = 0; number < 25; number += 1) {
      peer.send(requestText({ via: viaOf(peer, `n${number}`) }), udp);
      await peer.receive();
    }
    expect(engine.counters().serverTransactions).to.equal(10);
    expect(engine.counters().evictedServerTransactions).to.equal(15);
  });
});

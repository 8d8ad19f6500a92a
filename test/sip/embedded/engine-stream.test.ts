import { expect } from "chai";
import type { Responder } from "../../../sip/engine.ts";
import type { Flow } from "../../../sip/flow.ts";
import {
  answerText,
  closeAll,
  fieldOf,
  loopback,
  nextClosedFlow,
  openEngine,
  TcpListener,
  TcpPeer,
  until,
} from "./loopback.ts";
import { requestText } from "./transaction-fixtures.ts";

const VIA = "SIP/2.0/TCP 127.0.0.1:5999;branch=z9hG4bK";

function message(branch: string, rest: Parameters<typeof requestText>[0] = {}): string {
  return requestText({ via: `${VIA}${branch};rport`, ...rest });
}

describe("the SIP engine over TCP", () => {
  afterEach(closeAll);

  for (const address of ["127.0.0.1", "::1"]) {
    it(`answers over the connection that the request came by (${address})`, async () => {
      const { engine, tcp } = await openEngine({ listen: [loopback("tcp", address)] });
      engine.on("MESSAGE", (_request, responder) => responder.respond(200));
      const peer = await TcpPeer.connect(tcp);
      peer.send(message("one"));
      peer.send(message("two"));
      expect(fieldOf(await peer.receive(), "Via")).to.contain("z9hG4bKone");
      expect(fieldOf(await peer.receive(), "Via")).to.contain("z9hG4bKtwo");
    });
  }

  it("RFC 3261 §17.2.2: timer J is zero, nothing of an answered request is kept", async () => {
    const { engine, tcp } = await openEngine();
    engine.on("MESSAGE", (_request, responder) => responder.respond(200));
    const peer = await TcpPeer.connect(tcp);
    peer.send(message("kept"));
    await peer.receive();
    expect(engine.counters().serverTransactions).to.equal(0);
  });

  it("RFC 5626 §4.4.1: a double CRLF is answered with a single one", async () => {
    const { tcp } = await openEngine();
    const peer = await TcpPeer.connect(tcp);
    peer.send("\r\n\r\n");
    expect(await peer.receive()).to.equal("\r\n");
  });

  it("RFC 3261 §18.2.2: when the connection has gone, the answer goes to the port of sent-by", async () => {
    const held: Responder[] = [];
    const { engine, tcp } = await openEngine();
    engine.on("MESSAGE", (_request, responder) => {
      held.push(responder);
    });
    const [listener, peer] = [await TcpListener.open(), await TcpPeer.connect(tcp)];
    const gone = nextClosedFlow(engine);
    peer.send(requestText({ via: `SIP/2.0/TCP 127.0.0.1:${listener.local.port};branch=z9hG4bKgone` }));
    await until(() => held.length === 1);
    peer.socket.destroy();
    await gone;
    held[0]?.respond(200);
    const again = await listener.accept();
    expect(await again.receive()).to.match(/^SIP\/2\.0 200 /);
  });

  it("says which flow has closed, and not while it stops", async () => {
    const flows: Flow[] = [];
    const { engine, tcp } = await openEngine();
    const closed: Flow[] = [];
    engine.onFlowClosed((flow) => closed.push(flow));
    engine.on("REGISTER", (request, responder) => {
      flows.push(request.flow);
      responder.respond(200);
    });
    const [first, second] = [await TcpPeer.connect(tcp), await TcpPeer.connect(tcp)];
    for (const peer of [first, second]) {
      peer.send(message("reg", { method: "REGISTER" }));
      await peer.receive();
    }
    first.socket.destroy();
    await until(() => closed.length === 1);
    expect(closed[0]).to.deep.equal(flows[0]);
    expect(closed[0]?.connection).to.be.a("string");
    await engine.stop();
    await second.closed;
    expect(closed).to.have.length(1);
  });

  it("a request of our own goes over the flow of a registration, in the same connection", async () => {
    const flows: Flow[] = [];
    const { engine, tcp } = await openEngine();
    engine.on("REGISTER", (request, responder) => {
      flows.push(request.flow);
      responder.respond(200);
    });
    const phone = await TcpPeer.connect(tcp);
    phone.send(message("reg", { method: "REGISTER" }));
    await phone.receive();
    const [flow] = flows;
    const answer = engine.request({
      method: "MESSAGE",
      uri: "sip:bob@phone.invalid;transport=ws",
      from: "<sip:alice@sip.test>",
      to: "<sip:bob@sip.test>",
      ...(flow === undefined ? {} : { flow }),
    });
    const request = await phone.receive();
    expect(fieldOf(request, "Via")).to.contain(`SIP/2.0/TCP 127.0.0.1:${tcp.port};branch=z9hG4bK`);
    phone.send(answerText(request, 202));
    expect((await answer).status).to.equal(202);
  });

  it("a request whose connection closes before the answer ends with 503", async () => {
    const listener = await TcpListener.open();
    const { engine } = await openEngine();
    const answer = engine.request({
      method: "MESSAGE",
      uri: `sip:bob@127.0.0.1:${listener.local.port};transport=tcp`,
      from: "<sip:alice@sip.test>",
      to: "<sip:bob@sip.test>",
    });
    const peer = await listener.accept();
    await peer.receive();
    peer.socket.destroy();
    expect((await answer).status).to.equal(503);
  });

  it("RFC 3261 §18: two requests to one remote share a connection", async () => {
    const listener = await TcpListener.open();
    const { engine } = await openEngine();
    const send = () =>
      engine.request({
        method: "MESSAGE",
        uri: `sip:bob@127.0.0.1:${listener.local.port};transport=tcp`,
        from: "<sip:alice@sip.test>",
        to: "<sip:bob@sip.test>",
      });
    const answers = [send(), send()];
    const peer = await listener.accept();
    for (const _ of answers) peer.send(answerText(await peer.receive(), 200));
    expect((await Promise.all(answers)).map(({ status }) => status)).to.deep.equal([200, 200]);
    const third = send();
    peer.send(answerText(await peer.receive(), 200));
    expect((await third).status).to.equal(200);
  });
});

describe("a hostile or broken stream", () => {
  afterEach(closeAll);

  const faults: readonly (readonly [string, string, RegExp])[] = [
    [
      "without Content-Length",
      message("nolen", { contentLength: false }),
      /^SIP\/2\.0 400 Content-Length is missing\r\n/,
    ],
    [
      "with a body beyond the limit",
      message("big").replace("Content-Length: 0", "Content-Length: 99999999"),
      /^SIP\/2\.0 413 /,
    ],
    [
      "with a header of one megabyte",
      message("head", { lines: [`Subject: ${"x".repeat(1_048_576)}`] }),
      /^SIP\/2\.0 513 /,
    ],
  ];
  for (const [what, text, answer] of faults) {
    it(`a message ${what} is answered and the connection closed; the next message is served`, async () => {
      const { engine, tcp } = await openEngine();
      engine.on("MESSAGE", (_request, responder) => responder.respond(200));
      const peer = await TcpPeer.connect(tcp);
      peer.send(text);
      expect(await peer.receive()).to.match(answer);
      await peer.closed;
      const next = await TcpPeer.connect(tcp);
      next.send(message("next"));
      expect(await next.receive()).to.match(/^SIP\/2\.0 200 /);
    });
  }

  it("what is no SIP at all is closed without a word", async () => {
    const { tcp } = await openEngine();
    const peer = await TcpPeer.connect(tcp);
    let received = 0;
    peer.socket.on("data", (chunk) => {
      received += chunk.length;
    });
    peer.send("GET / HTTP/1.1\r\nHost: sip.test\r\n\r\n");
    await peer.closed;
    expect(received).to.equal(0);
  });

  it("a message that can be cut but not read is answered, and the connection goes on", async () => {
    const { engine, tcp } = await openEngine();
    engine.on("MESSAGE", (_request, responder) => responder.respond(200));
    const peer = await TcpPeer.connect(tcp);
    peer.send(message("bad").replace("CSeq: 20 MESSAGE", "CSeq: MESSAGE"));
    expect(await peer.receive()).to.match(/^SIP\/2\.0 400 /);
    peer.send(message("good"));
    expect(await peer.receive()).to.match(/^SIP\/2\.0 200 /);
  });

  it("connections beyond the bound are closed at once", async () => {
    const { engine, tcp } = await openEngine({ limits: { maxConnections: 1 } });
    engine.on("MESSAGE", (_request, responder) => responder.respond(200));
    const first = await TcpPeer.connect(tcp);
    first.send(message("first"));
    await first.receive();
    const second = await TcpPeer.connect(tcp);
    await second.closed;
    first.send(message("still"));
    expect(await first.receive()).to.match(/^SIP\/2\.0 200 /);
  });

  it("a peer that does not read is cut off", async () => {
    const { engine, tcp } = await openEngine({ limits: { maxWriteBufferBytes: 100_000 } });
    const body = Buffer.alloc(50_000, "x");
    engine.on("MESSAGE", (_request, responder) => responder.respond(200, { body }));
    const closed = nextClosedFlow(engine);
    const peer = await TcpPeer.connect(tcp);
    const { port } = peer.local;
    peer.socket.pause();
    for (let number = 0; number < 1000; number += 1) peer.send(message(`n${number}`));
    expect((await closed).remote.port).to.equal(port);
  });

  it("a connection that brings no message, and a message that does not end, are cut off in time", async () => {
    const limits = { messageArrivalMs: 100 };
    const { engine, tcp } = await openEngine({ limits });
    engine.on("MESSAGE", (_request, responder) => responder.respond(200));
    const [mute, slow] = [await TcpPeer.connect(tcp), await TcpPeer.connect(tcp)];
    slow.send(message("whole") + message("half").slice(0, 50));
    expect(await slow.receive()).to.match(/^SIP\/2\.0 200 /);
    await Promise.all([mute.closed, slow.closed]);
    expect(engine.counters().openServerTransactions).to.equal(0);
  });

  it("a silent connection is closed after the idle time", async () => {
    const { engine, tcp } = await openEngine({ limits: { connectionIdleMs: 100 } });
    engine.on("MESSAGE", (_request, responder) => responder.respond(200));
    const closed = nextClosedFlow(engine);
    const peer = await TcpPeer.connect(tcp);
    const { port } = peer.local;
    peer.send(message("then silence"));
    expect((await closed).remote.port).to.equal(port);
  });
});

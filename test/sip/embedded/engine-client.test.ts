import { expect } from "chai";
import { FakeClock } from "../fake-clock.ts";
import { answerText, closeAll, fieldOf, loopback, openEngine, TcpListener, UdpPeer, until } from "./loopback.ts";

const FROM = "<sip:alice@sip.test>";
const TO = "<sip:bob@sip.test>";
const LARGE = Buffer.alloc(1300, "x");

function messageTo(port: number, host = "127.0.0.1") {
  return { method: "MESSAGE", uri: `sip:bob@${host}:${port}`, from: FROM, to: TO };
}

describe("RFC 3261 §8.1 requests of our own", () => {
  afterEach(closeAll);

  for (const address of ["127.0.0.1", "::1"]) {
    it(`go to the numeric host of the URI and resolve with the answer (${address})`, async () => {
      const { engine, udp } = await openEngine({ listen: [loopback("udp", address)] });
      const peer = await UdpPeer.open(address);
      const host = address.includes(":") ? `[${address}]` : address;
      const answer = engine.request({ ...messageTo(peer.local.port, host), body: Buffer.from("grüße") });
      const { text, from } = await peer.receiveFrom();
      expect(text).to.match(/^MESSAGE sip:bob@\S+ SIP\/2\.0\r\n/);
      const sentBy = `${host}:${udp.port}`;
      expect(fieldOf(text, "Via"))
        .to.match(/;branch=z9hG4bK[0-9a-f]{20};rport$/)
        .and.to.contain(`SIP/2.0/UDP ${sentBy};`);
      expect(fieldOf(text, "Max-Forwards")).to.equal("70");
      expect(fieldOf(text, "From")).to.match(/^<sip:alice@sip\.test>;tag=[0-9a-f]{16}$/);
      expect(fieldOf(text, "To")).to.equal(TO);
      expect(fieldOf(text, "Call-ID")).to.match(/^[0-9a-f]{32}$/);
      expect(fieldOf(text, "CSeq")).to.equal("1 MESSAGE");
      expect(fieldOf(text, "Content-Length")).to.equal("7");
      peer.send(answerText(text, 200, ["X-Extra: seen"]), from);
      const response = await answer;
      expect(response.status).to.equal(200);
      expect(response.fields.get("x-extra")).to.equal("seen");
    });
  }

  it("RFC 3261 §18.1.1: a listener on every interface names the address that the remote sees", async () => {
    const listen = [loopback("udp", "0.0.0.0"), loopback("tcp", "0.0.0.0")];
    const { engine, udp, tcp } = await openEngine({ listen });
    const [peer, listener] = [await UdpPeer.open(), await TcpListener.open()];
    void engine.request(messageTo(peer.local.port));
    expect(fieldOf(await peer.receive(), "Via")).to.contain(`SIP/2.0/UDP 127.0.0.1:${udp.port};`);
    void engine.request({ ...messageTo(1), uri: `sip:bob@127.0.0.1:${listener.local.port};transport=tcp` });
    expect(fieldOf(await (await listener.accept()).receive(), "Via")).to.contain(`SIP/2.0/TCP 127.0.0.1:${tcp.port};`);
  });

  it("what the caller gives is kept", async () => {
    const { engine } = await openEngine();
    const peer = await UdpPeer.open();
    void engine.request({
      ...messageTo(peer.local.port),
      from: `${FROM};tag=mine`,
      callId: "my-call",
      cseq: 7,
      headers: [
        ["Max-Forwards", "3"],
        ["User-Agent", "Mine"],
        ["Subject", "hello"],
      ],
    });
    const text = await peer.receive();
    expect(fieldOf(text, "From")).to.equal(`${FROM};tag=mine`);
    expect(fieldOf(text, "Call-ID")).to.equal("my-call");
    expect(fieldOf(text, "CSeq")).to.equal("7 MESSAGE");
    expect(fieldOf(text, "Max-Forwards")).to.equal("3");
    expect(fieldOf(text, "User-Agent")).to.equal("Mine");
    expect(fieldOf(text, "Subject")).to.equal("hello");
  });

  it("two requests share neither branch, tag nor Call-ID", async () => {
    const { engine } = await openEngine();
    const peer = await UdpPeer.open();
    for (let each = 0; each < 2; each += 1) void engine.request(messageTo(peer.local.port));
    const texts = [await peer.receive(), await peer.receive()];
    for (const name of ["Via", "From", "Call-ID"]) {
      expect(fieldOf(texts[0] ?? "", name), name).to.not.equal(fieldOf(texts[1] ?? "", name));
    }
  });

  it("RFC 3261 §8.1.2: a Route is the next hop, not the Request-URI", async () => {
    const { engine } = await openEngine();
    const [route, target] = [await UdpPeer.open(), await UdpPeer.open()];
    const headers = [["Route", `<sip:127.0.0.1:${route.local.port};lr>`]] as const;
    void engine.request({ ...messageTo(target.local.port), headers });
    expect(await route.receive()).to.contain(`MESSAGE sip:bob@127.0.0.1:${target.local.port} SIP/2.0`);
    expect(target.waiting).to.equal(0);
  });

  it("goes over the flow that it is given, whatever the URI says", async () => {
    const { engine, udp } = await openEngine();
    const phone = await UdpPeer.open();
    const flow = { protocol: "udp", local: udp, remote: phone.local } as const;
    const answer = engine.request({ ...messageTo(1), uri: "sip:bob@phone.invalid", flow });
    const { text, from } = await phone.receiveFrom();
    expect(from.port).to.equal(udp.port);
    phone.send(answerText(text, 202), udp);
    expect((await answer).status).to.equal(202);
  });

  it("RFC 3261 §17.1.2: is sent again until a provisional response slows it down and a final one ends it", async () => {
    const clock = new FakeClock();
    const { engine, udp } = await openEngine({ clock });
    const peer = await UdpPeer.open();
    const answer = engine.request(messageTo(peer.local.port));
    const first = await peer.receive();
    clock.advance(700);
    expect(await peer.receive()).to.equal(first);
    peer.send(answerText(first, 100), udp);
    peer.send(answerText(first, 200), udp);
    expect((await answer).status).to.equal(200);
    expect(engine.counters().openClientTransactions).to.equal(0);
  });

  it("timer F gives 408, a shorter limit earlier", async () => {
    const clock = new FakeClock();
    const { engine } = await openEngine({ clock });
    const silent = await UdpPeer.open();
    const whole = engine.request(messageTo(silent.local.port));
    const short = engine.request({ ...messageTo(silent.local.port), timeoutMs: 2000 });
    await until(() => engine.counters().openClientTransactions === 2);
    clock.advance(2300);
    expect((await short).status).to.equal(408);
    clock.advance(30_000);
    const response = await whole;
    expect(response.status).to.equal(408);
    expect(response.reason).to.equal("Request Timeout");
    expect(response.cseq).to.deep.equal({ number: 1, method: "MESSAGE" });
  });

  it("RFC 3261 §17.1.3: an answer of another method or branch is no answer", async () => {
    const { engine, udp } = await openEngine();
    const peer = await UdpPeer.open();
    const answer = engine.request(messageTo(peer.local.port));
    const text = await peer.receive();
    peer.send(answerText(text, 200).replace("1 MESSAGE", "1 OPTIONS"), udp);
    peer.send(answerText(text, 200).replace(/branch=z9hG4bK\w+/, "branch=z9hG4bKother"), udp);
    await until(() => engine.counters().strayResponses === 2);
    peer.send(answerText(text, 404), udp);
    expect((await answer).status).to.equal(404);
  });

  const nowhere: readonly (readonly [string, string, RegExp])[] = [
    ["a sips URI", "sips:bob@127.0.0.1", /TLS/],
    ["an unsupported transport", "sip:bob@127.0.0.1;transport=sctp", /transport/],
    ["another scheme", "tel:+4930123", /tel/],
    ["a host without address", "sip:bob@nowhere.test", /address/],
    ["a name that no resolver knows", "sip:bob@phone.invalid", /address/],
    ["what is no URI", "bob", /./],
  ];
  for (const [what, uri, reason] of nowhere) {
    it(`${what} → 503 made here`, async () => {
      const { engine } = await openEngine({ lookup: () => Promise.reject(new Error("ENOTFOUND")) });
      const response = await engine.request({ method: "MESSAGE", uri, from: FROM, to: TO });
      expect(response.status).to.equal(503);
      expect(response.reason).to.match(reason);
    });
  }

  it("RFC 3263 §4.3: when there is no way to one address of a name, the next is tried", async () => {
    const listener = await TcpListener.open();
    const lookup = () =>
      Promise.resolve([
        { address: "::1", family: 6 },
        { address: "127.0.0.1", family: 4 },
      ]);
    const { engine } = await openEngine({ lookup });
    const answer = engine.request({
      ...messageTo(listener.local.port, "sip.test"),
      uri: `sip:bob@sip.test:${listener.local.port};transport=tcp`,
    });
    const peer = await listener.accept();
    peer.send(answerText(await peer.receive(), 200));
    expect((await answer).status).to.equal(200);
  });

  it("beyond the bound of open requests a further one ends with 503", async () => {
    const { engine } = await openEngine({ limits: { maxClientTransactions: 1 } });
    const silent = await UdpPeer.open();
    void engine.request(messageTo(silent.local.port));
    await silent.receive();
    expect((await engine.request(messageTo(silent.local.port))).status).to.equal(503);
  });
});

describe("RFC 3261 §18.1.1 requests that are too long for a datagram", () => {
  afterEach(closeAll);

  it("go over TCP to the same address and port, and their Via says so", async () => {
    const peer = await UdpPeer.open();
    const listener = await TcpListener.open(peer.local.port);
    const { engine, tcp } = await openEngine();
    const answer = engine.request({ ...messageTo(peer.local.port), body: LARGE });
    const stream = await listener.accept();
    const text = await stream.receive();
    expect(fieldOf(text, "Via")).to.contain(`SIP/2.0/TCP 127.0.0.1:${tcp.port};`);
    stream.send(answerText(text, 200));
    expect((await answer).status).to.equal(200);
    expect(peer.waiting).to.equal(0);
  });

  it("stay in UDP where there is no TCP, which is remembered for ten minutes", async () => {
    const clock = new FakeClock();
    const { engine, udp } = await openEngine({ clock });
    const peer = await UdpPeer.open();
    const send = async () => {
      const answer = engine.request({ ...messageTo(peer.local.port), body: LARGE });
      const text = await peer.receive();
      expect(fieldOf(text, "Via")).to.contain(`SIP/2.0/UDP 127.0.0.1:${udp.port};`);
      peer.send(answerText(text, 200), udp);
      expect((await answer).status).to.equal(200);
    };
    await send();
    const listener = await TcpListener.open(peer.local.port);
    await send();
    clock.advance(600_000);
    const answer = engine.request({ ...messageTo(peer.local.port), body: LARGE });
    const stream = await listener.accept();
    stream.send(answerText(await stream.receive(), 202));
    expect((await answer).status).to.equal(202);
  });

  it("of a caller that would rather divide them are not sent where there is no TCP: 513, and whole where there is", async () => {
    const clock = new FakeClock();
    const { engine, tcp } = await openEngine({ clock });
    const peer = await UdpPeer.open();
    const request = { ...messageTo(peer.local.port), body: LARGE, neverFragmented: true };
    const { status, via } = await engine.request(request);
    expect([status, via.branch]).to.deep.equal([513, undefined]);
    expect(peer.waiting).to.equal(0);
    clock.advance(600_000);
    const listener = await TcpListener.open(peer.local.port);
    const answer = engine.request(request);
    const stream = await listener.accept();
    const text = await stream.receive();
    expect(fieldOf(text, "Via")).to.contain(`SIP/2.0/TCP 127.0.0.1:${tcp.port};`);
    stream.send(answerText(text, 200));
    expect((await answer).status).to.equal(200);
  });

  it("and a request that fits goes by datagram, whatever its caller would rather", async () => {
    const { engine, udp } = await openEngine();
    const peer = await UdpPeer.open();
    const answer = engine.request({ ...messageTo(peer.local.port), neverFragmented: true });
    peer.send(answerText(await peer.receive(), 200), udp);
    expect((await answer).status).to.equal(200);
  });

  it("stay in UDP when we do not listen for TCP", async () => {
    const { engine, udp } = await openEngine({ listen: [loopback("udp")] });
    const peer = await UdpPeer.open();
    await TcpListener.open(peer.local.port);
    const answer = engine.request({ ...messageTo(peer.local.port), body: LARGE });
    peer.send(answerText(await peer.receive(), 200), udp);
    expect((await answer).status).to.equal(200);
  });
});

import { expect } from "chai";
import fc from "fast-check";
import { type StreamEvent, StreamFramer } from "../../../sip/embedded/stream-framer.ts";
import { requestText } from "./transaction-fixtures.ts";

const LIMITS = { maxHeadBytes: 4096, maxBodyBytes: 10_000 };

function kindsOf(events: readonly StreamEvent[]): string[] {
  return events.map((event) => (event.kind === "fault" ? `fault ${event.status}` : event.kind));
}

function messagesOf(events: readonly StreamEvent[]): string[] {
  return events.flatMap((event) => (event.kind === "message" ? [event.bytes.toString("latin1")] : []));
}

function pushAll(framer: StreamFramer, chunks: readonly Buffer[]): StreamEvent[] {
  return chunks.flatMap((chunk) => framer.push(chunk));
}

const FIRST = requestText({ body: "first\r\n\r\nwith an empty line" });
const SECOND = requestText({ body: "" });
const THIRD = requestText({ body: "dritte \u00fc" });
const STREAM = Buffer.from(FIRST + SECOND + THIRD);

describe("RFC 3261 §18.3 framing of a stream", () => {
  it("cuts three messages from one chunk", () => {
    expect(messagesOf(new StreamFramer(LIMITS).push(STREAM)).join("")).to.equal(STREAM.toString("latin1"));
  });

  it("cuts the same messages wherever the chunk ends", () => {
    const whole = messagesOf(new StreamFramer(LIMITS).push(STREAM));
    expect(whole).to.have.length(3);
    for (let at = 1; at < STREAM.length; at += 1) {
      const chunks = [STREAM.subarray(0, at), STREAM.subarray(at)];
      expect(messagesOf(pushAll(new StreamFramer(LIMITS), chunks)), `cut at ${at}`).to.deep.equal(whole);
    }
  });

  it("cuts the same messages from single bytes", () => {
    const chunks = Array.from(STREAM, (byte) => Buffer.from([byte]));
    expect(messagesOf(pushAll(new StreamFramer(LIMITS), chunks))).to.deep.equal(
      messagesOf(new StreamFramer(LIMITS).push(STREAM)),
    );
  });

  it("whatever comes in whatever pieces gives the same events as in one piece", () => {
    const part = fc.oneof(
      fc.constantFrom(FIRST, SECOND, "\r\n\r\n", "\r\n", "\n", "Content-Length: 5\r\n", "l: x\r\n", "MESSAGE "),
      fc.string({ maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 200 })), (parts, sizes) => {
        const bytes = Buffer.from(parts.join(""));
        const chunks: Buffer[] = [];
        let at = 0;
        for (const size of sizes) {
          chunks.push(bytes.subarray(at, at + size));
          at = Math.min(bytes.length, at + size);
        }
        chunks.push(bytes.subarray(at));
        const plain = (events: readonly StreamEvent[]) => JSON.stringify(events);
        expect(plain(pushAll(new StreamFramer(LIMITS), chunks))).to.equal(plain(new StreamFramer(LIMITS).push(bytes)));
      }),
    );
  });

  it("a message stays as it was while later bytes arrive", () => {
    const framer = new StreamFramer(LIMITS);
    const text = Buffer.from(FIRST);
    framer.push(text.subarray(0, 100));
    const [event] = framer.push(Buffer.concat([text.subarray(100), Buffer.from(SECOND.slice(0, 50))]));
    framer.push(Buffer.from(SECOND.slice(50)));
    expect(event?.kind === "message" ? event.bytes.toString() : undefined).to.equal(FIRST);
  });

  it("takes the compact form of Content-Length", () => {
    const text = FIRST.replace("Content-Length:", "l :");
    expect(messagesOf(new StreamFramer(LIMITS).push(Buffer.from(text)))).to.deep.equal([text]);
  });

  it("RFC 3261 §7.5: passes over line ends before a message", () => {
    const events = new StreamFramer(LIMITS).push(Buffer.from(`\r\n${FIRST}\n\r${SECOND}`));
    expect(messagesOf(events)).to.deep.equal([FIRST, SECOND]);
  });

  it("knows when a message is under way", () => {
    const framer = new StreamFramer(LIMITS);
    expect(framer.midMessage).to.equal(false);
    framer.push(Buffer.from(FIRST.slice(0, 10)));
    expect(framer.midMessage).to.equal(true);
    framer.push(Buffer.from(FIRST.slice(10)));
    expect(framer.midMessage).to.equal(false);
  });

  it("looks at every byte a bounded number of times, though a large message comes in small pieces", () => {
    // A body of this size in single bytes takes minutes when each byte makes the whole be looked at again.
    const limits = { maxHeadBytes: 300_000, maxBodyBytes: 300_000 };
    const text = Buffer.from(requestText({ lines: [`Subject: ${"x".repeat(250_000)}`], body: "y".repeat(250_000) }));
    const framer = new StreamFramer(limits);
    let messages = 0;
    for (let at = 0; at < text.length; at += 1) messages += framer.push(text.subarray(at, at + 1)).length;
    expect(messages).to.equal(1);
  });
});

describe("RFC 5626 §4.4.1 keep-alive on a stream", () => {
  const cases: readonly (readonly [string, readonly string[], number])[] = [
    ["a double CRLF", ["\r\n\r\n"], 1],
    ["a double CRLF in four pieces", ["\r", "\n", "\r", "\n"], 1],
    ["a single CRLF, which is a pong", ["\r\n"], 0],
    ["two double CRLFs", ["\r\n\r\n\r\n\r\n"], 2],
    ["a triple CRLF", ["\r\n\r\n\r\n"], 1],
    ["line feeds alone", ["\n\n\n\n"], 0],
    ["a broken start", ["\r\r\n\r\n"], 1],
  ];
  for (const [name, chunks, pings] of cases) {
    it(`${name} → ${pings}`, () => {
      const events = pushAll(
        new StreamFramer(LIMITS),
        chunks.map((chunk) => Buffer.from(chunk)),
      );
      expect(kindsOf(events)).to.deep.equal(new Array(pings).fill("ping"));
    });
  }

  it("is seen before and after a message, and not in it", () => {
    const events = new StreamFramer(LIMITS).push(Buffer.from(`\r\n\r\n${FIRST}\r\n\r\n${SECOND}`));
    expect(kindsOf(events)).to.deep.equal(["ping", "message", "ping", "message"]);
  });

  it("a CRLF before and one after a message make no ping", () => {
    const events = new StreamFramer(LIMITS).push(Buffer.from(`\r\n${FIRST}\r\n`));
    expect(kindsOf(events)).to.deep.equal(["message"]);
  });
});

describe("a stream whose next message cannot be found", () => {
  const head = (lines: string) => `MESSAGE sip:bob@sip.test SIP/2.0\r\n${lines}\r\n\r\n`;
  const cases: readonly (readonly [string, string, string])[] = [
    ["without Content-Length (RFC 3261 §20.14)", head("To: <sip:bob@sip.test>"), "fault 400"],
    ["with a negative Content-Length", head("Content-Length: -1"), "fault 400"],
    ["with two different Content-Lengths", head("Content-Length: 1\r\nl: 2"), "fault 400"],
    ["with a body beyond the limit", head("Content-Length: 10001"), "fault 413"],
    ["with a Content-Length that is no size", head(`Content-Length: ${"9".repeat(400)}`), "fault 413"],
    ["with a head beyond the limit", head(`Subject: ${"x".repeat(5000)}`), "fault 513"],
    ["with a head that never ends", `MESSAGE sip:bob@sip.test SIP/2.0\r\n${"X: y\r\n".repeat(1000)}`, "fault 513"],
  ];
  for (const [name, text, fault] of cases) {
    it(`${name} → ${fault}, and nothing after it is read`, () => {
      const framer = new StreamFramer(LIMITS);
      expect(kindsOf(framer.push(Buffer.from(text)))).to.deep.equal([fault]);
      expect(framer.push(Buffer.from(FIRST))).to.deep.equal([]);
      expect(framer.midMessage).to.equal(false);
    });
  }

  it("a head beyond the limit is given with its first whole lines, for the answer", () => {
    const [event] = new StreamFramer(LIMITS).push(
      Buffer.from(requestText({ lines: [`Subject: ${"x".repeat(5000)}`] })),
    );
    const text = event?.kind === "fault" ? event.head.toString() : "";
    expect(text).to.match(/^MESSAGE [\s\S]*CSeq: 20 MESSAGE\r\nMax-Forwards: 70\r\n\r\n$/);
  });

  it("takes a head and a body of just the limit", () => {
    const shortest = requestText({ lines: ["Subject: "], body: "y".repeat(10_000) });
    const padding = LIMITS.maxHeadBytes - shortest.indexOf("\r\n\r\n") - 4;
    const text = shortest.replace("Subject: ", `Subject: ${"x".repeat(padding)}`);
    expect(kindsOf(new StreamFramer(LIMITS).push(Buffer.from(text)))).to.deep.equal(["message"]);
    expect(kindsOf(new StreamFramer(LIMITS).push(Buffer.from(text.replace("Subject: ", "Subject: x"))))).to.deep.equal([
      "fault 513",
    ]);
  });
});

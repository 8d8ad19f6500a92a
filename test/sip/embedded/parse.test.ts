import { expect } from "chai";
import { MAX_HEADER_LINES } from "../../../sip/embedded/head.ts";
import { type ParseResult, parseMessage, type Refusal } from "../../../sip/embedded/parse.ts";
import type { Flow } from "../../../sip/flow.ts";
import type { SipMessage, SipRequest } from "../../../sip/message.ts";

const FLOW: Flow = {
  protocol: "udp",
  local: { address: "192.0.2.1", port: 5060 },
  remote: { address: "192.0.2.9", port: 40000 },
};

const LINES = [
  "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1;rport",
  "Max-Forwards: 70",
  "From: <sip:alice@sip.test>;tag=a1",
  "To: <sip:bob@sip.test>",
  "Call-ID: c1",
  "CSeq: 1 MESSAGE",
];

interface Parts {
  readonly start?: string;
  readonly lines?: readonly string[];
  readonly body?: string;
}

function parse({ start = "MESSAGE sip:bob@sip.test SIP/2.0", lines = LINES, body = "" }: Parts): ParseResult {
  return parseMessage(Buffer.from(`${[start, ...lines].join("\r\n")}\r\n\r\n${body}`, "latin1"), FLOW);
}

function messageOf(result: ParseResult): SipMessage {
  if (!result.ok) throw new Error(result.why);
  return result.message;
}

function requestOf(parts: Parts): SipRequest {
  const message = messageOf(parse(parts));
  if (message.kind !== "request") throw new Error("a response");
  return message;
}

function refusalOf(result: ParseResult): Refusal {
  if (result.ok) throw new Error("was read");
  return result;
}

/** The lines with those of the same name replaced, or taken out. */
function without(name: string, ...instead: readonly string[]): readonly string[] {
  return [...LINES.filter((line) => !line.startsWith(`${name}:`)), ...instead];
}

describe("RFC 3261 §18.3 the body of a datagram", () => {
  it("is what Content-Length counts; bytes after it are dropped", () => {
    const request = requestOf({ lines: [...LINES, "Content-Length: 5"], body: "hello, more" });
    expect(request.body.toString()).to.equal("hello");
  });

  it("is all the rest without Content-Length", () => {
    expect(requestOf({ body: "hello\r\n\r\n" }).body.toString()).to.equal("hello\r\n\r\n");
  });

  it("is counted in bytes, and is a view on the datagram", () => {
    const bytes = Buffer.from(`${["MESSAGE sip:bob@sip.test SIP/2.0", ...LINES, "l: 4"].join("\r\n")}\r\n\r\näöü`);
    const { body } = messageOf(parseMessage(bytes, FLOW));
    expect(body.toString()).to.equal("äö");
    expect(body.buffer).to.equal(bytes.buffer);
  });

  it("that is shorter than Content-Length is answered 400", () => {
    const { status, why } = refusalOf(parse({ lines: [...LINES, "Content-Length: 6"], body: "hello" }));
    expect(status).to.equal(400);
    expect(why).to.equal("Content-Length is larger than the datagram");
  });

  it("that is larger than the limit is answered 413", () => {
    const bytes = Buffer.from(`${["MESSAGE sip:bob@sip.test SIP/2.0", ...LINES].join("\r\n")}\r\n\r\n123456`);
    const limits = { maxHeadBytes: 1000, maxBodyBytes: 5 };
    expect(refusalOf(parseMessage(bytes, FLOW, limits)).status).to.equal(413);
  });
});

describe("RFC 3261 §8.1.1 what a request must have", () => {
  for (const name of ["From", "To", "Call-ID", "CSeq"]) {
    it(`no ${name}: 400`, () => expect(refusalOf(parse({ lines: without(name) })).status).to.equal(400));
    it(`two of ${name}: 400`, () => {
      const line = LINES.find((each) => each.startsWith(`${name}:`)) ?? "";
      const { status, why } = refusalOf(parse({ lines: [...LINES, line] }));
      expect(status).to.equal(400);
      expect(why).to.match(/stands twice/);
    });
  }

  it("no Via: nobody to answer, dropped", () => {
    const refusal = refusalOf(parse({ lines: without("Via") }));
    expect(refusal).to.not.have.any.keys("status", "request");
  });

  it("a Via that cannot be read is answered over the flow, with the Via as it came", () => {
    const { status, request } = refusalOf(parse({ lines: without("Via", "Via: nonsense") }));
    expect(status).to.equal(400);
    expect(request?.via).to.equal(undefined);
    expect(request?.fields.get("via")).to.equal("nonsense");
  });

  it("Max-Forwards may be missing, as in RFC 2543", () => {
    expect(requestOf({ lines: without("Max-Forwards") }).maxForwards).to.equal(undefined);
  });

  for (const [text, hops] of [
    ["0", 0],
    ["0068", 68],
    ["255", 255],
  ] as const) {
    it(`§20.22: Max-Forwards ${text} is ${hops}`, () => {
      expect(requestOf({ lines: without("Max-Forwards", `Max-Forwards: ${text}`) }).maxForwards).to.equal(hops);
    });
  }
  for (const text of ["256", "-1", "", "x", "1 1"]) {
    it(`§20.22: Max-Forwards ${JSON.stringify(text)}: 400`, () => {
      expect(refusalOf(parse({ lines: without("Max-Forwards", `Max-Forwards: ${text}`) })).status).to.equal(400);
    });
  }

  it("a malformed ACK is never answered", () => {
    const refusal = refusalOf(parse({ start: "ACK sip:bob@sip.test SIP/2.0" }));
    expect(refusal.why).to.match(/CSeq/);
    expect(refusal.status).to.equal(undefined);
  });

  it("a malformed response is never answered", () => {
    const refusal = refusalOf(parse({ start: "SIP/2.0 200 OK", lines: without("To") }));
    expect(refusal.status).to.equal(undefined);
  });

  it("a well-formed response is read", () => {
    const message = messageOf(parse({ start: "SIP/2.0 202 Accepted" }));
    expect(message).to.include({ kind: "response", status: 202, reason: "Accepted" });
  });
});

describe("RFC 3261 §7.3.1 header lines", () => {
  it("the topmost Via is the first value of the first line, completed from the flow", () => {
    const { via } = requestOf({
      lines: without("Via", "v: SIP/2.0/UDP 10.0.0.1;rport, SIP/2.0/UDP 10.0.0.2", "Via: x"),
    });
    expect(via).to.include({ host: "10.0.0.1" });
    expect([...via.parameters]).to.deep.equal([
      ["rport", "40000"],
      ["received", "192.0.2.9"],
    ]);
  });

  it("folds are one space, whatever white space stands around them", () => {
    const { fields } = requestOf({ lines: [...LINES, "Subject: \r\n a  b \t\r\n\t \r\n c", "X:\r\n ", "Y: 1"] });
    expect(fields.get("subject")).to.equal("a  b c");
    expect(fields.get("x")).to.equal("");
    expect(fields.get("y")).to.equal("1");
  });

  for (const line of ["X: a\nContact: <sip:mallory@evil.test>", "X: a\rb", "X: a\n", "\nX: a", "X\r: a"]) {
    it(`a CR or LF alone, ${JSON.stringify(line)}, is refused and not passed on`, () => {
      expect(refusalOf(parse({ lines: [...LINES, line] })).why).to.match(/stands alone/);
    });
  }

  for (const line of ["no colon", ": no name", "two words: x", "X(y): z"]) {
    it(`${JSON.stringify(line)} is refused`, () => {
      expect(refusalOf(parse({ lines: [...LINES, line] })).why).to.match(/no proper name/);
    });
  }

  it(`more than ${MAX_HEADER_LINES} lines are refused`, () => {
    const filler = (count: number) => Array.from({ length: count }, (_, index) => `X-${index}: y`);
    expect(parse({ lines: [...LINES, ...filler(MAX_HEADER_LINES - LINES.length)] }).ok).to.equal(true);
    const { why, status } = refusalOf(parse({ lines: [...LINES, ...filler(MAX_HEADER_LINES)] }));
    expect(why).to.match(/header lines/);
    expect(status).to.equal(400);
  });

  it("a head beyond the limit is not read at all", () => {
    const bytes = Buffer.from(`MESSAGE sip:bob@sip.test SIP/2.0\r\n${LINES.join("\r\n")}\r\n\r\n`);
    const refusal = refusalOf(parseMessage(bytes, FLOW, { maxHeadBytes: bytes.length - 1, maxBodyBytes: 0 }));
    expect(refusal.why).to.equal("the head is too large");
    expect(refusal.status).to.equal(undefined);
  });

  for (const [title, line] of [
    ["white space in a fold", `X: a\r\n b${" ".repeat(60_000)}c`],
    ["white space before a colon", `X${" ".repeat(60_000)}: c`],
    ["empty folds", `X: a${"\r\n ".repeat(20_000)}`],
  ] as const) {
    it(`60 KB of ${title} cost one walk`, () => expect(parse({ lines: [...LINES, line] }).ok).to.equal(true));
  }

  it("60 KB of white space in a Via cost one walk", () => {
    const lines = without("Via", `Via: SIP/2.0/UDP 10.0.0.1${" ".repeat(60_000)}x`);
    expect(refusalOf(parse({ lines })).why).to.match(/Via/);
  });
});

describe("RFC 3261 §7.5 line ends around messages", () => {
  it("those before the start line are passed over", () => {
    const bytes = Buffer.from(`\r\n\r\nMESSAGE sip:bob@sip.test SIP/2.0\r\n${LINES.join("\r\n")}\r\n\r\n`);
    expect(messageOf(parseMessage(bytes, FLOW)).callId).to.equal("c1");
  });

  for (const text of ["", "\r\n", "\r\n\r\n", "\0", "MESSAGE"]) {
    it(`${JSON.stringify(text)} is dropped`, () => {
      expect(refusalOf(parseMessage(Buffer.from(text), FLOW)).status).to.equal(undefined);
    });
  }
});

import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { expect } from "chai";
import { type Decoded, decodeContent } from "../../sip/content-coding.ts";

const MAX_BYTES = 1000;

function outcome(decoded: Decoded): string {
  return decoded.ok ? decoded.body.toString("latin1") : decoded.kind;
}

describe("RFC 3261 §20.12: Content-Encoding", () => {
  const hello = Buffer.from("hello");
  const ONE_BYTE_MORE = Buffer.alloc(MAX_BYTES + 1);
  for (const [name, body, codings, expected] of [
    ["none", hello, [], "hello"],
    ["identity, however often", hello, ["identity", "Identity", "IDENTITY"], "hello"],
    ["deflate with the zlib header", deflateSync(hello), ["deflate"], "hello"],
    ["deflate without it", deflateRawSync(hello), ["Deflate"], "hello"],
    ["gzip", gzipSync(hello), ["gzip"], "hello"],
    ["x-gzip", gzipSync(hello), ["x-gzip"], "hello"],
    ["in order: the last was put on last", deflateSync(gzipSync(hello)), ["gzip", "deflate"], "hello"],
    ["the other order", deflateSync(gzipSync(hello)), ["deflate", "gzip"], "broken"],
    ["three codings", gzipSync(gzipSync(gzipSync(hello))), ["gzip", "gzip", "gzip"], "unknown"],
    ["a coding that is not known", hello, ["br"], "unknown"],
    ["a name that every object has", hello, ["constructor"], "unknown"],
    ["an empty body", Buffer.alloc(0), ["deflate"], "broken"],
    ["a cut stream", deflateSync(hello).subarray(0, 6), ["deflate"], "broken"],
    ["a wrong check sum", Buffer.concat([gzipSync(hello).subarray(0, -8), Buffer.alloc(8)]), ["gzip"], "broken"],
    ["one byte too many, zlib", deflateSync(ONE_BYTE_MORE), ["deflate"], "too-large"],
    ["one byte too many, bare", deflateRawSync(ONE_BYTE_MORE), ["deflate"], "too-large"],
    ["one byte too many, gzip", gzipSync(ONE_BYTE_MORE), ["gzip"], "too-large"],
    ["as many as may be", deflateSync(Buffer.alloc(MAX_BYTES, "x")), ["deflate"], "x".repeat(MAX_BYTES)],
  ] as const) {
    it(name, () => expect(outcome(decodeContent(body, codings, MAX_BYTES))).to.equal(expected));
  }

  it("a bare stream that begins like a zlib header is read all the same", () => {
    // Two stored blocks (RFC 1951 §3.2.4); the first byte's upper bits are padding, the second begins the length 156.
    const text = Buffer.alloc(156, "x");
    const stream = Buffer.concat([Buffer.from("789c0063ff", "hex"), text, Buffer.from("010000ffff", "hex")]);
    expect(outcome(decodeContent(stream, ["deflate"], MAX_BYTES))).to.equal(text.toString());
  });
});

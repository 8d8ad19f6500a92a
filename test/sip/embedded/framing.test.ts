import { expect } from "chai";
import { contentLengthOf, headEnd, messageStart } from "../../../sip/embedded/framing.ts";

describe("RFC 3261 §18.3 cutting a stream into messages", () => {
  it("the head ends after the first empty line", () => {
    const bytes = Buffer.from("A\r\nB: 1\r\n\r\nbody\r\n\r\n");
    expect(headEnd(bytes, 0)).to.equal(11);
    expect(headEnd(bytes, 9)).to.equal(bytes.length);
    expect(headEnd(Buffer.from("A\r\nB: 1\r\n"), 0)).to.equal(-1);
    expect(headEnd(Buffer.from("A\n\nB"), 0)).to.equal(-1);
  });

  it("§7.5: a message starts after the line ends before it", () => {
    expect(messageStart(Buffer.from("\r\n\r\n\nA"))).to.equal(5);
    expect(messageStart(Buffer.from("\r\n"))).to.equal(2);
    expect(messageStart(Buffer.alloc(0))).to.equal(0);
  });

  const lengths: readonly (readonly [line: string, length: number | undefined])[] = [
    ["Content-Length: 5", 5],
    ["content-length:5", 5],
    ["l: 5 ", 5],
    ["L\t :\t5", 5],
    ["Content-Length:\r\n 5", 5],
    ["Content-Length: 99999999999", 99999999999],
    ["X: Content-Length: 5", undefined],
    ["X: a\r\n Content-Length: 5", undefined], // folded into X
    ["X-l: 5", undefined],
  ];
  for (const [line, length] of lengths) {
    it(`§20.14: ${JSON.stringify(line)} counts ${length ?? "nothing"}`, () => {
      expect(contentLengthOf(`A\r\n${line}\r\n\r\n`)).to.deep.equal({ ok: true, value: length });
    });
  }
  for (const line of ["l: -1", "l: 1, 1", "l:", "l: 0x1", "l: 1 2", "l: 1\r\nContent-Length: 1"]) {
    it(`§20.14: ${JSON.stringify(line)} leaves no way to the next message`, () => {
      expect(contentLengthOf(`A\r\n${line}\r\n\r\n`).ok).to.equal(false);
    });
  }
});

import { expect } from "chai";
import { isDate, parseCSeq, parseDeltaSeconds, parseQ } from "../../sip/field-values.ts";
import type { Parsed } from "../../sip/parsed.ts";

function valueIn<T>(result: Parsed<T>): T | undefined {
  return result.ok ? result.value : undefined;
}

describe("RFC 3261 §20.16 CSeq", () => {
  it("is a number below 2**31 and a method", () => {
    expect(valueIn(parseCSeq("4711 INVITE"))).to.deep.equal({ number: 4711, method: "INVITE" });
    expect(valueIn(parseCSeq("0009 \t INVITE"))).to.deep.equal({ number: 9, method: "INVITE" });
    expect(valueIn(parseCSeq("2147483647 ACK"))).to.deep.equal({ number: 2147483647, method: "ACK" });
  });
  for (const text of [
    "",
    "1",
    "INVITE",
    "-1 INVITE",
    "1.5 INVITE",
    "1INVITE",
    "1 IN VITE",
    "2147483648 ACK",
    "1 <",
    "1 ",
  ]) {
    it(`${JSON.stringify(text)} is none`, () => expect(parseCSeq(text).ok).to.equal(false));
  }
});

describe("RFC 3261 §25.1 delta-seconds", () => {
  it("saturate at 2**32-1", () => {
    expect(valueIn(parseDeltaSeconds("0"))).to.equal(0);
    expect(valueIn(parseDeltaSeconds("4294967296"))).to.equal(4294967295);
    expect(valueIn(parseDeltaSeconds("949302838503028349304023988"))).to.equal(4294967295);
    expect(valueIn(parseDeltaSeconds("9".repeat(1000)))).to.equal(4294967295);
  });
  for (const text of ["", "-1", "+1", "1.5", "1e3", " 1", "0x10", "٣"]) {
    it(`${JSON.stringify(text)} is none`, () => expect(parseDeltaSeconds(text).ok).to.equal(false));
  }
});

describe("RFC 3261 §25.1 qvalue", () => {
  const values = { "0": 0, "1": 1, "0.5": 0.5, "0.333": 0.333, "1.000": 1, "0.": 0 };
  for (const [text, q] of Object.entries(values))
    it(`${text} is ${q}`, () => expect(valueIn(parseQ(text))).to.equal(q));
  for (const text of ["", "2", "1.1", "0.3333", "-0", ".5", "1e0"]) {
    it(`${JSON.stringify(text)} is none`, () => expect(parseQ(text).ok).to.equal(false));
  }
});

describe("RFC 3261 §20.17 Date", () => {
  it("is an RFC 1123 date in GMT", () => {
    expect(isDate("Sat, 13 Nov 2010 23:29:00 GMT")).to.equal(true);
  });
  for (const text of ["", "Fri, 01 Jan 2010 16:00:00 EST", "Fri, 01 Jan 2010 16:00:00 +0000", "2010-11-13T23:29:00Z"]) {
    it(`${JSON.stringify(text)} is none`, () => expect(isDate(text)).to.equal(false));
  }
});

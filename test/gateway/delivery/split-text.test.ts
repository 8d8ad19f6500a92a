import { expect } from "chai";
import fc from "fast-check";
import { splitText } from "../../../gateway/delivery/split-text.ts";

const MARK = /^\((\d+)\/(\d+)\) /;
const SEGMENTER = new Intl.Segmenter("en", { granularity: "grapheme" });

const withoutMarks = (parts: readonly string[]) => parts.map((part) => part.replace(MARK, ""));
const bytesOf = (text: string) => Buffer.byteLength(text);
const isWellFormed = (text: string) => Buffer.from(text).toString() === text;
const graphemesOf = (text: string) => [...SEGMENTER.segment(text)].map(({ segment }) => segment);

/** Where the parts were cut, as positions in the text. */
function cutsOf(parts: readonly string[]): readonly number[] {
  let at = 0;
  return withoutMarks(parts)
    .slice(0, -1)
    .map((part) => {
      at += part.length;
      return at;
    });
}

function boundariesOf(text: string): ReadonlySet<number> {
  return new Set([...SEGMENTER.segment(text)].map(({ index }) => index));
}

const FAMILY = "👨‍👩‍👧‍👦"; // four people and three joiners: 25 bytes
const FLAG = "🇺🇦";
const HEBREW = "שָׁלוֹם עוֹלָם";
const ACCENTED = "e\u0301\u0323";
const ZALGO = `z${"\u0301\u0323\u0337".repeat(20)}`; // one grapheme of 121 bytes

describe("a long text in parts", () => {
  it("that fits is whole and without a mark", () => {
    for (const text of ["", "Romeo?", "é".repeat(50), FAMILY.repeat(4)]) {
      expect(splitText(text, 100)).to.deep.equal([text]);
    }
  });

  it("is numbered, and none is longer than it may be, its mark included", () => {
    const parts = splitText("x".repeat(500), 100);
    expect(parts.map((part) => MARK.exec(part)?.slice(1))).to.deep.equal(
      ["1", "2", "3", "4", "5", "6"].map((n) => [n, "6"]),
    );
    expect(parts.map(bytesOf)).to.deep.equal([100, 100, 100, 100, 100, 36]);
  });

  it("that makes ten parts or a hundred leaves room for their numbers", () => {
    for (const [length, count] of [
      [94 * 9, 9],
      [94 * 9 + 1, 10],
      [92 * 99, 99],
      [92 * 99 + 1, 102],
    ] as const) {
      const parts = splitText("x".repeat(length), 100);
      expect(parts).to.have.length(count);
      expect(Math.max(...parts.map(bytesOf))).to.be.at.most(100);
    }
  });

  it("is cut behind a line where one ends in the last quarter, before a later word", () => {
    const text = `${"a".repeat(80)}\n${"b".repeat(5)} ${"c".repeat(60)}`;
    expect(withoutMarks(splitText(text, 100))).to.deep.equal([
      `${"a".repeat(80)}\n`,
      `${"b".repeat(5)} ${"c".repeat(60)}`,
    ]);
  });

  it("is cut behind a word where one ends in the last quarter, not earlier", () => {
    const late = `${"a".repeat(80)} ${"b".repeat(60)}`;
    expect(withoutMarks(splitText(late, 100))[0]).to.equal(`${"a".repeat(80)} `);
    const early = `${"a".repeat(60)} ${"b".repeat(60)}`;
    expect(withoutMarks(splitText(early, 100))[0]).to.have.length(94);
    const unbreakable = `${"a".repeat(80)}\u00a0${"b".repeat(60)}`;
    expect(bytesOf(splitText(unbreakable, 100)[0] ?? "")).to.equal(100);
  });

  it("is never cut between CR and LF", () => {
    for (let before = 80; before <= 100; before++) {
      const parts = withoutMarks(splitText(`${"a".repeat(before)}\r\n${"b".repeat(60)}`, 100));
      expect(parts.filter((part) => part.endsWith("\r"))).to.deep.equal([]);
    }
  });

  it("is cut between graphemes: a family, a flag and an accent stay whole", () => {
    for (const grapheme of [FAMILY, FLAG, ACCENTED, "한", "க்ஷி"]) {
      for (const shift of ["", "x", "xx", "xxx"]) {
        const text = shift + grapheme.repeat(100);
        const parts = splitText(text, 100);
        const boundaries = boundariesOf(text);
        expect(
          cutsOf(parts).filter((cut) => !boundaries.has(cut)),
          JSON.stringify(shift + grapheme),
        ).to.deep.equal([]);
      }
    }
  });

  it("a grapheme that is longer than a part is cut between its code points", () => {
    const parts = withoutMarks(splitText(`a${ZALGO}`, 50));
    expect(parts.join("")).to.equal(`a${ZALGO}`);
    expect(parts.every((part) => isWellFormed(part))).to.equal(true);
  });

  it("the largest and the most awkward text that is accepted fits into the smallest part that is sent", () => {
    const awkward = `z${"\u0301".repeat(48)}`.repeat(1_020); // 97 bytes each: two do not fit into one part
    const parts = splitText(awkward, 200);
    expect(parts).to.have.length(1_020);
    expect(withoutMarks(parts).join("")).to.equal(awkward);
  });

  it("a part that cannot hold its mark and a character is a mistake of the caller", () => {
    expect(() => splitText("x".repeat(100), 15)).to.throw(RangeError, "a part needs 16 bytes or more");
    expect(() => splitText("x".repeat(50_000), 16)).to.throw(RangeError, "more than 9999 parts");
  });

  it("any text in any script comes back byte for byte, in parts that fit, cut where it may be cut", () => {
    const piece = fc.constantFrom(
      ...[
        FAMILY,
        FLAG,
        HEBREW,
        ACCENTED,
        ZALGO,
        "\r\n",
        "\n",
        " ",
        "\u00a0",
        "\u200f",
        "مرحبا",
        "漢字",
        "naïve",
        "a",
        "👩🏽‍🚀",
        "🇺",
      ],
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 200 }).map((pieces) => pieces.join("")),
      fc.string({ unit: "binary", maxLength: 600 }),
      fc.string({ unit: "grapheme", maxLength: 600 }),
    );
    fc.assert(
      fc.property(text, fc.integer({ min: 16, max: 400 }), (original, maxBytes) => {
        const parts = splitText(original, maxBytes);
        if (parts.length === 1) return parts[0] === original && bytesOf(original) <= maxBytes;
        const longest = Math.max(...graphemesOf(original).map(bytesOf));
        const boundaries = boundariesOf(original);
        return (
          parts.every((part, index) => part.startsWith(`(${index + 1}/${parts.length}) `)) &&
          parts.every((part) => bytesOf(part) <= maxBytes) &&
          Buffer.from(withoutMarks(parts).join("")).equals(Buffer.from(original)) &&
          withoutMarks(parts).every((part) => part.length > 0 && isWellFormed(part)) &&
          (longest > maxBytes - 12 || cutsOf(parts).every((cut) => boundaries.has(cut)))
        );
      }),
      { numRuns: 300 },
    );
  });
});

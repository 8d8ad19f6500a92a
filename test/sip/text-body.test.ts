import { expect } from "chai";
import { decodeText } from "../../sip/text-body.ts";

const bytes = (...values: readonly number[]): Buffer => Buffer.from(values);

describe("RFC 3428 §4: the text of a MESSAGE body", () => {
  const ROWS: readonly (readonly [string, Buffer, string | undefined, string])[] = [
    ["UTF-8 without charset", Buffer.from("grüße 😀"), undefined, "grüße 😀"],
    ["Windows-1252 without charset", bytes(0x67, 0x72, 0xfc, 0x80), undefined, "grü€"],
    ["UTF-8 declared", Buffer.from("né"), "UTF-8", "né"],
    ["UTF-8 declared, broken: U+FFFD", bytes(0x61, 0xff, 0x62), "utf-8", "a\uFFFDb"],
    ["every byte of Windows-1252 that is not ASCII is one character", bytes(0x92, 0x9d, 0x9f), "cp1252", "’\x9dŸ"],
    ["ISO-8859-1 is read as Windows-1252, as browsers do", bytes(0x93, 0xe9, 0x94), "iso-8859-1", "“é”"],
    ["ISO-8859-1", bytes(0xe9), "ISO-8859-1", "é"],
    ["ISO-8859-15", bytes(0xa4), "iso-8859-15", "€"],
    ["KOI8-R", bytes(0xd0), "koi8-r", "п"],
    ["GB18030", bytes(0xc4, 0xe3), "GB18030", "你"],
    ["Shift_JIS", bytes(0x83, 0x65), "shift_jis", "テ"],
    ["US-ASCII that is UTF-8", Buffer.from("é"), "us-ascii", "é"],
    ["UTF-16 with a little-endian mark", bytes(0xff, 0xfe, 0x61, 0x00), "utf-16", "a"],
    ["UTF-16 with a big-endian mark", bytes(0xfe, 0xff, 0x00, 0x61), "UTF-16", "a"],
    ["UTF-16BE", bytes(0x00, 0x61), "utf-16be", "a"],
    ["an empty body", Buffer.alloc(0), undefined, ""],
    ["an empty charset", Buffer.from("a"), "", "a"],
    ["CRLF at the end stays (sipp)", Buffer.from("hello\r\n"), undefined, "hello\r\n"],
    ["spaces and NUL stay", Buffer.from(" \0 "), "utf-8", " \0 "],
    ["a mark at the start of UTF-8 stays", bytes(0xef, 0xbb, 0xbf, 0x61), "utf-8", "\uFEFFa"],
    ["and without charset", bytes(0xef, 0xbb, 0xbf, 0x61), undefined, "\uFEFFa"],
  ];
  for (const [what, body, charset, text] of ROWS) {
    it(what, () => expect(decodeText(body, charset)).deep.equal({ ok: true, value: text }));
  }

  it("an unknown charset is named", () => {
    expect(decodeText(Buffer.from("a"), "X-Klingon")).deep.equal({ ok: false, why: "unknown charset x-klingon" });
    expect(decodeText(Buffer.from("a"), "x".repeat(41))).deep.equal({ ok: false, why: "charset name too long" });
  });
});

import { expect } from "chai";
import { decodeTransfer } from "../../sip/transfer-encoding.ts";

function decoded(text: string, encoding?: string): string {
  const result = decodeTransfer(Buffer.from(text, "latin1"), encoding);
  return result.ok ? result.body.toString("latin1") : result.kind;
}

describe("RFC 2045 §6: Content-Transfer-Encoding", () => {
  for (const encoding of [undefined, "7bit", "8BIT", " binary "]) {
    it(`${encoding}: the bytes themselves`, () => expect(decoded("a=41\xff", encoding)).to.equal("a=41\xff"));
  }

  for (const [name, text, expected] of [
    ["line breaks are no data (§6.8)", "aGVs\r\nbG8=\r\n", "hello"],
    ["padding may be missing", "aGVsbG8", "hello"],
    ["nothing", "", ""],
    ["what is no digit is damage", "aGVs*G8=", "broken"],
    ["padding in the middle is damage", "aG=VsbG8", "broken"],
  ] as const) {
    it(`base64: ${name}`, () => expect(decoded(text, "Base64")).to.equal(expected));
  }

  for (const [name, text, expected] of [
    ["bytes (§6.7 rule 1)", "f=C3=bcnf =3D 5", "f\xc3\xbcnf = 5"],
    ["soft line breaks (rule 5)", "one=\r\n two=\nthree=  \r\n!", "one twothree!"],
    ["blanks at a line's end are gone (rule 3), others stay", "a  b \t\r\nc ", "a  b\r\nc"],
    ["a blank that is written out stays", "a=20\r\n", "a \r\n"],
    ["an equals sign that escapes nothing stands for itself", "1=1, =G0=", "1=1, =G0="],
  ] as const) {
    it(`quoted-printable: ${name}`, () => expect(decoded(text, "quoted-printable")).to.equal(expected));
  }

  it("another one is not understood", () => expect(decoded("x", "x-uuencode")).to.equal("unknown"));
});

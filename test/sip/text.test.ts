import { expect } from "chai";
import { detached, latin1FromUtf8, utf8FromLatin1 } from "../../sip/text.ts";

describe("RFC 3261 §25.1 the text of a head, byte for char and as UTF-8", () => {
  for (const text of ["", "plain", "Zoë", "работающий", "\u{1f600}", "\ufeffx", "\0\r\n"]) {
    it(`${JSON.stringify(text)} comes back`, () => {
      const latin1 = latin1FromUtf8(text);
      expect(/^[\0-\xff]*$/.test(latin1)).to.equal(true);
      expect(Buffer.from(latin1, "latin1").equals(Buffer.from(text, "utf8"))).to.equal(true);
      expect(utf8FromLatin1(latin1)).to.equal(text);
    });
  }

  it("bytes that are no UTF-8 are replaced", () => {
    expect(utf8FromLatin1("a\xffb")).to.equal("a\ufffdb");
  });

  it("a detached text is equal", () => {
    const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
    expect(detached(all.slice(3, 200))).to.equal(all.slice(3, 200));
  });
});

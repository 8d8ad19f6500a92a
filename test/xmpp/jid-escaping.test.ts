import { readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import { parseJid } from "../../xmpp/jid.ts";
import { escapeLocalpart, JID_ESCAPES, unescapeLocalpart } from "../../xmpp/jid-escaping.ts";

const vectors = JSON.parse(readFileSync("test/vectors/interop/xep0106-escaping.json", "utf8")) as {
  readonly escape: readonly [string, string][];
  readonly unchanged: readonly string[];
};

describe("XEP-0106 JID escaping", () => {
  for (const [native, escaped] of vectors.escape) {
    it(`${native} ↔ ${escaped}`, () => {
      expect(escapeLocalpart(native)).to.deep.equal({ ok: true, value: escaped });
      expect(unescapeLocalpart(escaped)).to.deep.equal({ ok: true, value: native });
    });
  }
  for (const text of vectors.unchanged) {
    it(`${text} stays as it is, both ways`, () => {
      expect(escapeLocalpart(text)).to.deep.equal({ ok: true, value: text });
      expect(unescapeLocalpart(text)).to.deep.equal({ ok: true, value: text });
    });
  }
  for (const [character, digits] of Object.entries(JID_ESCAPES)) {
    it(`${JSON.stringify(character)} stands as \\${digits} in the middle`, () => {
      expect(unescapeLocalpart(`a\\${digits}b`)).to.deep.equal({ ok: true, value: `a${character}b` });
    });
  }

  it("refuses a space at either end, escaped or not", () => {
    for (const text of [" a", "a ", ""]) {
      expect(escapeLocalpart(text), text).to.have.property("ok", false);
    }
    for (const localpart of ["\\20a", "a\\20"]) {
      expect(unescapeLocalpart(localpart), localpart).to.have.property("ok", false);
    }
  });

  it("escapes a backslash before upper-case digits, which the case mapping of a localpart would turn into an escape", () => {
    expect(escapeLocalpart("a\\2Fb")).to.deep.equal({ ok: true, value: "a\\5c2Fb" });
  });

  it("comes back as it was, for every text that can be mapped", () => {
    const dense = fc.string({
      unit: fc.constantFrom("\\", "2", "0", "5", "c", "f", "F", " ", "/", "@", "a", "3", "é"),
    });
    fc.assert(
      fc.property(fc.oneof(dense, fc.string({ unit: "binary" })), (text) => {
        const escaped = escapeLocalpart(text);
        if (!escaped.ok) {
          expect(text === "" || text.startsWith(" ") || text.endsWith(" ")).to.equal(true);
          return;
        }
        expect(escaped.value).to.not.match(/[ "&'/:<>@]/);
        expect(unescapeLocalpart(escaped.value)).to.deep.equal({ ok: true, value: text });
      }),
      { numRuns: 2000 },
    );
  });

  it("gives a localpart that the address grammar accepts", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii", minLength: 1 }), (text) => {
        const escaped = escapeLocalpart(text);
        if (escaped.ok && escaped.value.length <= 1023) {
          expect(parseJid(`${escaped.value}@example.com`)).to.have.property("ok", true);
        }
      }),
    );
  });
});

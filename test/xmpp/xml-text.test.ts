import xml, { type Element } from "@xmpp/xml";
import { expect } from "chai";
import fc from "fast-check";
import { measureElement, sanitizeText } from "../../xmpp/xml-text.ts";

describe("XML 1.0 §2.2 legal characters", () => {
  const illegal = ["\0", "\x01", "\x08", "\x0b", "\x0c", "\x0e", "\x1f", "\ufffe", "\uffff", "\ud800", "\udc00"];
  for (const character of illegal) {
    it(`U+${character.charCodeAt(0).toString(16).padStart(4, "0")} becomes U+FFFD`, () => {
      expect(sanitizeText(`a${character}b${character}`)).to.equal("a\ufffdb\ufffd");
    });
  }
  for (const text of ["\t\n\r", "plain", "\ud7ff\ue000\ufffd", "😀\u{10ffff}", ""]) {
    it(`${JSON.stringify(text)} stays as it is`, () => {
      expect(sanitizeText(text)).to.equal(text);
    });
  }

  it("replaces a high surrogate without its half and keeps a whole pair", () => {
    expect(sanitizeText("\ud83d😀\ude00")).to.equal("\ufffd😀\ufffd");
  });

  it("gives legal text for every text, and nothing more to replace", () => {
    const anyUnit = fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit));
    fc.assert(
      fc.property(fc.string({ unit: anyUnit }), (text) => {
        const clean = sanitizeText(text);
        expect(sanitizeText(clean)).to.equal(clean);
        expect(clean).to.not.match(/\p{Cs}/u);
        expect(clean).to.have.length(text.length);
      }),
    );
  });
});

describe("the measure of an element", () => {
  it("counts levels, and the length of names, attributes and text", () => {
    const element = xml("message", { to: "a@b" }, xml("body", {}, "hello"), xml("x", { xmlns: "n" }, xml("y")));
    expect(measureElement(element)).to.deep.equal({
      depth: 3,
      length: "messagetoa@b".length + "bodyhello".length + "xxmlnsn".length + "y".length,
    });
  });

  it("measures an element 100,000 levels deep without recursion", () => {
    let element: Element = xml("x");
    for (let level = 1; level < 100_000; level += 1) {
      element = xml("x", {}, element);
    }
    expect(measureElement(element)).to.deep.equal({ depth: 100_000, length: 100_000 });
  });
});

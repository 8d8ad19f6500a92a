import { expect } from "chai";
import { COMPACT_FORMS, canonicalName, HeaderFields, splitList } from "../../sip/header-fields.ts";

describe("RFC 3261 §7.3.3 compact forms", () => {
  for (const [compact, name] of Object.entries(COMPACT_FORMS)) {
    it(`${compact} is ${name}, in either case`, () => {
      expect(canonicalName(compact)).to.equal(name);
      expect(canonicalName(compact.toUpperCase())).to.equal(name);
      expect(new HeaderFields([[compact, "x"]]).get(name.toUpperCase())).to.equal("x");
      expect(new HeaderFields([[name, "x"]]).get(compact)).to.equal("x");
    });
  }

  it("a letter without a meaning is a name of its own", () => {
    expect(canonicalName("Q")).to.equal("q");
    expect(new HeaderFields([["q", "x"]]).has("t")).to.equal(false);
  });
});

describe("RFC 3261 §7.3.1 header fields", () => {
  const fields = new HeaderFields([
    ["Route", "<sip:a;lr>, <sip:b;lr>"],
    ["SUBJECT", "lunch, maybe"],
    ["rOUTE", "<sip:c;lr>"],
    ["Supported", ""],
    ["X-Own", "1"],
  ]);

  it("are found in any case, in wire order", () => {
    expect(fields.get("route")).to.equal("<sip:a;lr>, <sip:b;lr>");
    expect(fields.all("Route")).to.deep.equal(["<sip:a;lr>, <sip:b;lr>", "<sip:c;lr>"]);
    expect(fields.list("Route")).to.deep.equal(["<sip:a;lr>", "<sip:b;lr>", "<sip:c;lr>"]);
    expect(fields.get("x-own")).to.equal("1");
    expect(fields.entries().map(([name]) => name)).to.deep.equal(["Route", "SUBJECT", "rOUTE", "Supported", "X-Own"]);
  });

  it("an absent one and an empty one differ, and neither has values", () => {
    expect(fields.get("via")).to.equal(undefined);
    expect(fields.has("via")).to.equal(false);
    expect(fields.all("via")).to.deep.equal([]);
    expect(fields.get("supported")).to.equal("");
    expect(fields.has("supported")).to.equal(true);
    expect(fields.list("supported")).to.deep.equal([]);
  });
});

describe("RFC 3261 §7.3.1 comma lists", () => {
  const lists: readonly (readonly [text: string, values: readonly string[]])[] = [
    ["", []],
    ["a", ["a"]],
    ["a,b ,\tc", ["a", "b", "c"]],
    [",a,,b,", ["a", "b"]],
    ['"Bell, A." <sip:a@h>, <sip:b@h>', ['"Bell, A." <sip:a@h>', "<sip:b@h>"]],
    ['"a\\", b" <sip:a@h>, c', ['"a\\", b" <sip:a@h>', "c"]],
    ["<sip:a,b@h>;x=1, <sip:c@h>", ["<sip:a,b@h>;x=1", "<sip:c@h>"]],
    ["1;reason=x (a, (b,c) d), 2", ["1;reason=x (a, (b,c) d)", "2"]],
    ["(a\\), b), c", ["(a\\), b)", "c"]],
    ["sip:a(b@h, sip:c@h", ["sip:a(b@h", "sip:c@h"]],
    ['"a, b', ['"a', "b"]],
    ["<a, b", ["<a", "b"]],
  ];
  for (const [text, values] of lists) {
    it(`${JSON.stringify(text)} has ${values.length} values`, () => expect(splitList(text)).to.deep.equal(values));
  }

  for (const opening of ["(", '"\\', "<", ",(", ',"\\', ",<", "(,)("]) {
    it(`a line of 64 KiB of ${opening} is split in one walk`, () => {
      const line = `${opening.repeat(65_536 / opening.length)},x`;
      expect(splitList(line).at(-1)).to.equal("x");
    });
  }
});

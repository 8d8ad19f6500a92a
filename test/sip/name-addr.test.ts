import { expect } from "chai";
import { type NameAddr, parseNameAddr } from "../../sip/name-addr.ts";
import { formatParameters } from "../../sip/parameters.ts";

function nameAddrOf(text: string): NameAddr {
  const nameAddr = parseNameAddr(text);
  if (!nameAddr.ok) throw new Error(`${text}: ${nameAddr.why}`);
  return nameAddr.value;
}

describe("RFC 3261 §20.10 name-addr and addr-spec", () => {
  const read: readonly (readonly [text: string, name: string | undefined, uri: string, parameters: string])[] = [
    ["sip:bob@sip.test", undefined, "sip:bob@sip.test", ""],
    ["sip:bob@sip.test;tag=1", undefined, "sip:bob@sip.test", ";tag=1"],
    ["<sip:bob@sip.test;lr>;tag=1", undefined, "sip:bob@sip.test;lr", ";tag=1"],
    ["<sip:bob@sip.test?a=b>", undefined, "sip:bob@sip.test?a=b", ""],
    ["Bob <sip:bob@sip.test>", "Bob", "sip:bob@sip.test", ""],
    ["Bob  B. \t<sip:bob@sip.test>", "Bob  B.", "sip:bob@sip.test", ""],
    ["caller<sip:bob@sip.test>", "caller", "sip:bob@sip.test", ""],
    ["bob@sip.test <sip:bob@sip.test>", "bob@sip.test", "sip:bob@sip.test", ""],
    ["\xc3\x84nne <sip:bob@sip.test>", "\xc3\x84nne", "sip:bob@sip.test", ""],
    ['"Bob, <the> \\"b\\\\" <sip:bob@sip.test>', 'Bob, <the> "b\\', "sip:bob@sip.test", ""],
    ['"" <sip:bob@sip.test>', undefined, "sip:bob@sip.test", ""],
    ['"Bob"<sip:bob@sip.test> ; TAG = 1 ; flag', "Bob", "sip:bob@sip.test", ";tag=1;flag"],
    [
      '<sip:bob@h>;+sip.instance="<urn:uuid:1>";expires=60',
      undefined,
      "sip:bob@h",
      ';+sip.instance="<urn:uuid:1>";expires=60',
    ],
    ["<sip:bob@h>;x=[::1];y=sip:a@b", undefined, "sip:bob@h", ';x=[::1];y="sip:a@b"'],
    ["tel:+123;tag=1", undefined, "tel:+123", ";tag=1"],
  ];
  for (const [text, displayName, uri, parameters] of read) {
    it(`${text} is read`, () => {
      const nameAddr = nameAddrOf(text);
      expect(nameAddr).to.include({ displayName, uri });
      expect(formatParameters(nameAddr.parameters)).to.equal(parameters);
      expect(nameAddr.tag).to.equal(nameAddr.parameters.get("tag"));
    });
  }

  const refused: readonly (readonly [text: string, why: RegExp])[] = [
    ["", /scheme/],
    ["bob", /scheme/],
    ["<bob@sip.test>", /scheme/],
    ["< sip:bob@sip.test>", /scheme/],
    ["<sip:bob@sip.test >", /escaped/],
    ["<sip:bob@sip.test", /not closed/],
    ['"Bob <sip:bob@sip.test>', /not closed/],
    ['"Bob" sip:bob@sip.test', /angle bracket/],
    ["Bell, Alexander <sip:a@sip.test>", /quotes/],
    ["sip:bob@sip.test?a=b", /angle brackets/],
    ["sip:bob@sip.test,sip:x", /angle brackets/],
    ["sip:bob@sip.test x", /escaped/],
    ["<sip:bob@sip.test>tag=1", /semicolon/],
    ["<sip:bob@sip.test>;", /no name/],
    ["<sip:bob@sip.test>;;a", /no name/],
    ["<sip:bob@sip.test>;tag=", /proper value/],
    ["<sip:bob@sip.test>;tag=1;tag=2", /twice/],
    ['<sip:bob@sip.test>;a="b', /proper value/],
    ["<sip:b%ob@sip.test>", /escape/],
  ];
  for (const [text, why] of refused) {
    it(`${JSON.stringify(text)} is refused: ${why.source}`, () => {
      const nameAddr = parseNameAddr(text);
      if (nameAddr.ok) throw new Error("was read");
      expect(nameAddr.why).to.match(why);
    });
  }
});

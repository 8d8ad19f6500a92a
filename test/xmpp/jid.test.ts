import { expect } from "chai";
import fc from "fast-check";
import type { Jid } from "../../xmpp/jid.ts";
import { bareOf, formatJid, fullOf, jidEquals, parseJid, prepareJid } from "../../xmpp/jid.ts";

function parse(text: string): Jid {
  const jid = parseJid(text);
  expect(jid.ok, `${text}: ${jid.ok ? "" : jid.why}`).to.equal(true);
  return (jid as { value: Jid }).value;
}

describe("RFC 7622 §3 XMPP addresses", () => {
  const canonical: readonly [string, string][] = [
    ["juliet@example.com", "juliet@example.com"],
    ["juliet@example.com/foo", "juliet@example.com/foo"],
    ["juliet@example.com/foo bar", "juliet@example.com/foo bar"],
    ["juliet@example.com/foo@bar", "juliet@example.com/foo@bar"],
    ["foo\\20bar@example.com", "foo\\20bar@example.com"],
    ["fussball@example.com", "fussball@example.com"],
    ["fußball@example.com", "fußball@example.com"],
    ["π@example.com", "π@example.com"],
    ["Σ@example.com/foo", "σ@example.com/foo"],
    ["king@example.com/♚", "king@example.com/♚"],
    ["example.com", "example.com"],
    ["example.com/foobar", "example.com/foobar"],
    ["a.example.com/b@example.net", "a.example.com/b@example.net"],
    ["Juliet@EXAMPLE.com/Balcony", "juliet@example.com/Balcony"],
    ["ｊｕｌｉｅｔ@example.com", "juliet@example.com"],
    ["u\u0308@example.com", "ü@example.com"],
    ["a@example.com/x\u00a0y", "a@example.com/x y"],
    ["a@example.com.", "a@example.com"],
    ["a@xn--bcher-kva.example", "a@bücher.example"],
    ["a@BÜCHER.example", "a@bücher.example"],
    ["a@192.0.2.1", "a@192.0.2.1"],
    ["a@[2001:DB8::1]/r", "a@[2001:db8::1]/r"],
    ["a@xmpp_server", "a@xmpp_server"],
    ["l·l@example.com", "l·l@example.com"],
    ["אבג1@example.com", "אבג1@example.com"],
    ["a@example.com//", "a@example.com//"],
  ];
  for (const [text, expected] of canonical) {
    it(`${JSON.stringify(text)} → ${JSON.stringify(expected)}`, () => {
      expect(formatJid(parse(text))).to.equal(expected);
      expect(formatJid(parse(expected))).to.equal(expected);
    });
  }

  const refused: readonly [string, string][] = [
    ["", "nothing"],
    ["@example.com", "an empty localpart"],
    ["a@", "an empty domainpart"],
    ["a@/r", "an empty domainpart before a resource"],
    ["a@b@c", "a second @"],
    ["a@example.com/", "an empty resourcepart"],
    ["foo bar@example.com", "a space in the localpart"],
    ['"juliet"@example.com', "quotes in the localpart"],
    ["henryⅣ@example.com", "a compatibility character in the localpart"],
    ["♚@example.com", "a symbol in the localpart"],
    ["a\u0000b@example.com", "a control in the localpart"],
    ["a<b@example.com", "< in the localpart"],
    ["a\u00adb@example.com", "an ignorable character in the localpart"],
    ["a\ud800@example.com", "a lone surrogate in the localpart"],
    ["aב@example.com", "mixed directions in the localpart"],
    ["a·b@example.com", "a middle dot that is not between two l"],
    ["a@example.com/x\u0007", "a control in the resourcepart"],
    ["a@exa mple.com", "a space in the domainpart"],
    ["a@ex%61mple.com", "percent-encoding in the domainpart"],
    ["a@127.1", "a short IPv4 address"],
    ["a@0x7f000001", "a hexadecimal IPv4 address"],
    ["a@example..com", "an empty label"],
    ["a@-example.com", "a label that begins with a hyphen"],
    ["a@[example]", "a name in brackets"],
    ["a@[::1", "an open bracket"],
    [`a@${"x".repeat(64)}.com`, "a label of 64 characters"],
    [`${"a".repeat(1024)}@example.com`, "a localpart of 1024 bytes"],
    [`${"ü".repeat(512)}@example.com`, "a localpart of 512 characters and 1024 bytes"],
    [`a@example.com/${"r".repeat(1024)}`, "a resourcepart of 1024 bytes"],
    [`a@example.com/${"r".repeat(1_000_000)}`, "a megabyte"],
  ];
  for (const [text, name] of refused) {
    it(`refuses ${name}`, () => {
      expect(parseJid(text)).to.have.property("ok", false);
    });
  }

  it("accepts parts of exactly 1023 bytes", () => {
    expect(parseJid(`${"a".repeat(1023)}@example.com/${"r".repeat(1023)}`)).to.have.property("ok", true);
  });

  it("gives the bare and the full address", () => {
    const jid = parse("juliet@example.com/balcony");
    expect(bareOf(jid)).to.equal("juliet@example.com");
    expect(fullOf(jid)).to.equal("juliet@example.com/balcony");
    expect(fullOf(parse("juliet@example.com"))).to.equal(undefined);
    expect(bareOf(parse("example.com/x"))).to.equal("example.com");
  });

  it("compares part by part", () => {
    expect(jidEquals(parse("A@Example.com/r"), parse("a@example.com/r"))).to.equal(true);
    expect(jidEquals(parse("a@example.com/R"), parse("a@example.com/r"))).to.equal(false);
    expect(jidEquals(parse("a@example.com"), parse("example.com"))).to.equal(false);
  });

  for (const domain of ["\u3200", "a\u3200.example", "\ufe59x"]) {
    it(`${JSON.stringify(domain)} has no domain name behind its compatibility mapping`, () => {
      expect(parseJid(domain).ok).to.equal(false);
    });
  }

  it("never throws, and a canonical form is its own canonical form", () => {
    const anyText = fc.oneof(
      fc.string({ unit: "binary" }),
      fc
        .tuple(fc.string({ unit: "binary" }), fc.domain(), fc.string({ unit: "binary" }))
        .map(([l, d, r]) => `${l}@${d}/${r}`),
    );
    fc.assert(
      fc.property(anyText, (text) => {
        const once = parseJid(text);
        if (once.ok) {
          expect(prepareJid(once.value)).to.deep.equal(once);
          expect(parseJid(formatJid(once.value))).to.deep.equal(once);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

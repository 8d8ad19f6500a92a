import { readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import {
  aorFromJid,
  aorFromSip,
  type DomainMap,
  jidFromAor,
  jidFromSip,
  parseAor,
  SAME_DOMAINS,
  sipFromAor,
  sipFromJid,
} from "../../../gateway/mapping/address.ts";
import { parseUri, type SipUri } from "../../../sip/uri.ts";
import { formatJid, type Jid, parseJid } from "../../../xmpp/jid.ts";

interface Row {
  readonly in: string;
  readonly out: string;
}

const VECTORS = JSON.parse(readFileSync("test/vectors/interop/rfc7247-addresses.json", "utf8")) as {
  readonly sip_to_xmpp: readonly Row[];
  readonly xmpp_to_sip: readonly Row[];
};

const PAIR: DomainMap = {
  xmppOfSip: new Map([["example.com", "sip.example.com"]]),
  sipOfXmpp: new Map([["sip.example.com", "example.com"]]),
};

function uriOf(text: string): SipUri {
  const uri = parseUri(text);
  if (!uri.ok) throw new Error(`${text}: ${uri.why}`);
  return uri.value as SipUri;
}

function jidOf(text: string): Jid {
  const jid = parseJid(text);
  if (!jid.ok) throw new Error(`${text}: ${jid.why}`);
  return jid.value;
}

function gotten<T>(result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string }): T {
  if (!result.ok) throw new Error(result.why);
  return result.value;
}

describe("RFC 7247 §5: addresses", () => {
  for (const row of VECTORS.sip_to_xmpp) {
    it(`${row.in} -> ${row.out}`, () => {
      expect(formatJid(gotten(jidFromSip(uriOf(row.in), SAME_DOMAINS)))).to.equal(row.out);
    });
  }
  for (const row of VECTORS.xmpp_to_sip) {
    it(`${row.in} -> ${row.out}`, () => {
      expect(gotten(sipFromJid(jidOf(row.in), SAME_DOMAINS, { withResource: true }))).to.equal(row.out);
    });
  }

  it("a sips: address is not carried over (§9)", () => {
    expect(jidFromSip(uriOf("sips:romeo@example.net"), SAME_DOMAINS)).to.deep.include({ ok: false });
  });

  it("without a wish for the resource none is written", () => {
    expect(gotten(sipFromJid(jidOf("baz@xmpp.example/qux"), SAME_DOMAINS))).to.equal("sip:baz@xmpp.example");
  });

  it("a domain pair is kept in both directions", () => {
    expect(formatJid(gotten(jidFromSip(uriOf("sip:romeo@Example.COM"), PAIR)))).to.equal("romeo@sip.example.com");
    expect(gotten(sipFromJid(jidOf("romeo@sip.example.com"), PAIR))).to.equal("sip:romeo@example.com");
    expect(gotten(aorFromJid(jidOf("romeo@sip.example.com/x"), PAIR))).to.equal("romeo@example.com");
    expect(formatJid(gotten(jidFromAor("romeo@example.com", PAIR)))).to.equal("romeo@sip.example.com");
  });

  it("a localpart that stands for no text is refused, not guessed at", () => {
    expect(sipFromJid(jidOf("\\20x@xmpp.example"), SAME_DOMAINS)).to.deep.include({ ok: false });
    expect(aorFromJid(jidOf("xmpp.example"), SAME_DOMAINS)).to.deep.include({ ok: false });
  });

  it("the AOR of a user is the same from a phone, from a stanza and from the command line", () => {
    for (const [sip, jid, typed, aor] of [
      ["sip:Alice@SIP.test;transport=tcp", "alice@sip.test/x", "Alice@sip.test", "alice@sip.test"],
      ["sip:o'malley@sip.test", "o\\27malley@sip.test", "o'malley@sip.test", "o'malley@sip.test"],
      ["sip:f%C3%BC@sip.test", "fü@sip.test", "FÜ@sip.test", "fü@sip.test"],
      ["sip:a%40b@sip.test", "a\\40b@sip.test", "a@b@sip.test", "a@b@sip.test"],
    ] as const) {
      expect(gotten(aorFromSip(uriOf(sip)))).to.equal(aor);
      expect(gotten(aorFromJid(jidOf(jid), SAME_DOMAINS))).to.equal(aor);
      expect(gotten(parseAor(typed))).to.equal(aor);
      expect(gotten(aorFromSip(uriOf(sipFromAor(aor))))).to.equal(aor);
    }
  });

  it("what is typed without a user or a domain is no AOR", () => {
    for (const typed of ["", "alice", "@sip.test", "alice@", "sip:alice@sip.test@"]) {
      expect(parseAor(typed), typed).to.deep.include({ ok: false });
    }
  });

  it("any JID that can be carried comes back the same", () => {
    const local = fc.string({ unit: "binary", minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(local, (text) => {
        const jid = parseJid(`${text.replaceAll(/[@/]/g, "_")}@xmpp.example`);
        fc.pre(jid.ok && jid.value.local !== undefined);
        const sip = sipFromJid(jid.value, SAME_DOMAINS);
        fc.pre(sip.ok);
        expect(gotten(jidFromSip(uriOf(sip.value), SAME_DOMAINS))).to.deep.equal(jid.value);
      }),
      { numRuns: 500 },
    );
  });
});

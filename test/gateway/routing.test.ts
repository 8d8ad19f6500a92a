import { expect } from "chai";
import { Routing } from "../../gateway/routing.ts";

const routing = new Routing({
  sipDomains: new Set(["sip.test", "example.com"]),
  xmppDomains: new Set(["xmpp.test"]),
  domains: {
    xmppOfSip: new Map([["example.com", "sip.example.com"]]),
    sipOfXmpp: new Map([["sip.example.com", "example.com"]]),
  },
});

describe("routing: who answers for an address", () => {
  for (const [uri, destination] of [
    ["sip:alice@sip.test", { kind: "sip-user", aor: "alice@sip.test" }],
    ["sip:ALICE@SIP.test:5060;transport=tcp", { kind: "sip-user", aor: "alice@sip.test" }],
    ["sip:bob@example.com", { kind: "sip-user", aor: "bob@example.com" }],
    ["sip:juliet@xmpp.test", { kind: "xmpp-user", jid: { local: "juliet", domain: "xmpp.test" } }],
    [
      "sip:juliet@xmpp.test;gr=balcony",
      {
        kind: "xmpp-user",
        jid: { local: "juliet", domain: "xmpp.test", resource: "balcony" },
      },
    ],
  ] as const) {
    it(`${uri} -> ${destination.kind}`, () => {
      expect(routing.ofSipUri(uri)).to.deep.equal({ ok: true, destination });
    });
  }

  for (const [uri, code] of [
    ["sip:alice@elsewhere.test", "not-served"],
    ["tel:+4930123", "not-served"],
    ["sip:xmpp.test", "bad-address"],
    ["sip:sip.test", "bad-address"],
    ["sips:juliet@xmpp.test", "sips"],
    ["sip:%00@xmpp.test", "bad-address"],
    ["no uri", "bad-address"],
  ] as const) {
    it(`${uri}: ${code}`, () => {
      const route = routing.ofSipUri(uri);
      expect(route.ok ? undefined : route.refusal.code).to.equal(code);
    });
  }
});

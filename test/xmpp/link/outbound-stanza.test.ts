import xml, { type Element } from "@xmpp/xml";
import { expect } from "chai";
import { prepareStanza } from "../../../xmpp/link/outbound-stanza.ts";

const RULES = { domain: "sip.test", limits: { depth: 4, outboundStanzaBytes: 400 } };

function message(attrs: Record<string, string | undefined>, ...children: (Element | string)[]): Element {
  return xml("message", { from: "bob@sip.test", to: "alice@x.test", ...attrs }, ...children);
}

describe("a stanza before it is queued", () => {
  it("is serialised with its size in bytes", () => {
    const text = '<message from="bob@sip.test" to="alice@x.test"><body>grüß &lt;dich&gt;</body></message>';
    expect(prepareStanza(message({}, xml("body", {}, "grüß <dich>")), RULES)).to.deep.equal({
      ok: true,
      value: { text, bytes: Buffer.byteLength(text) },
    });
  });

  for (const from of ["sip.test", "bob@sip.test/phone", "Bob@SIP.test"]) {
    it(`may come from ${from}`, () => {
      expect(prepareStanza(message({ from }), RULES)).to.have.property("ok", true);
    });
  }

  for (const [name, stanza] of [
    ["without a sender", message({ from: undefined })],
    ["without a recipient", message({ to: undefined })],
    ["from another domain", message({ from: "bob@x.test" })],
    ["from a subdomain", message({ from: "bob@a.sip.test" })],
    ["from a domain that only ends like ours", message({ from: "bob@notsip.test" })],
    ["from something that is no address", message({ from: "b b@sip.test" })],
    ["to something that is no address", message({ to: "a@b@c" })],
    ["of another name", xml("handshake", { from: "bob@sip.test", to: "alice@x.test" })],
    ["of another namespace", message({ xmlns: "jabber:server" })],
    ["deeper than the limit", message({}, xml("a", {}, xml("b", {}, xml("c", {}, xml("d")))))],
    ["larger than the limit", message({}, xml("body", {}, "x".repeat(400)))],
    ["larger than the limit only in UTF-8", message({}, xml("body", {}, "ü".repeat(170)))],
    ["larger than the limit only when escaped", message({}, xml("body", {}, "&".repeat(100)))],
  ] as const) {
    it(`is refused ${name}`, () => {
      expect(prepareStanza(stanza, RULES)).to.have.property("ok", false);
    });
  }

  it("loses what XML cannot carry, in text and attributes", () => {
    const prepared = prepareStanza(message({ id: "a\x01b" }, xml("body", {}, "x\uffffy\ud800z\x0c")), RULES);
    expect(prepared).to.have.property("ok", true);
    const text = prepared.ok ? prepared.value.text : "";
    expect(text).to.include('id="a\ufffdb"');
    expect(text).to.include("<body>x\ufffdy\ufffdz\ufffd</body>");
  });

  it("is refused, not recursed into, when it is 50,000 levels deep", () => {
    let deep = xml("x");
    for (let level = 0; level < 50_000; level += 1) {
      deep = xml("x", {}, deep);
    }
    expect(prepareStanza(message({}, deep), RULES)).to.have.property("ok", false);
  });
});

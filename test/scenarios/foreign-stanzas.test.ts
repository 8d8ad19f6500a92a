import xml, { type Element } from "@xmpp/xml";
import { expect } from "chai";
import { parseStanzaError } from "../../xmpp/stanza-error.ts";
import type { RawPhone } from "../peers/raw-phone.ts";
import { fieldOf, statusOf } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { startXmppComponent, type XmppComponent } from "../peers/xmpp-component.ts";
import { BothSides, errorFor, expectService } from "./both-sides.ts";

const OTHER = { domain: "other.test", secret: "another secret" };

/** Prosody alone: one deep stanza ends an ejabberd 23.01. */
describe("Stanzas that nobody expects cost their sender alone", () => {
  let sides: BothSides;
  let alice: RawPhone;
  let juliet: XmppClient;
  let other: XmppComponent;

  before(async () => {
    sides = await BothSides.start({ users: ["alice"], people: ["juliet"], components: [OTHER] });
    alice = await sides.registeredPhone("alice");
    juliet = await sides.client("juliet");
    other = await startXmppComponent({ server: sides.server, ...OTHER });
    sides.endsWith(() => other.stop());
  });
  after(() => sides.stop());

  afterEach(async () => {
    await expectService(alice, juliet);
    expect(sides.gateway.output).not.to.match(/"level":[56]0/);
  });

  for (const [stanza, attributes] of [
    ["message", 'type="chat"'],
    ["iq", 'type="get"'],
  ]) {
    it(`<${stanza}/> with 200 levels: policy-violation that says so`, async () => {
      const deep = `${"<x xmlns='x'>".repeat(200)}${"</x>".repeat(200)}`;
      const id = `deep-${stanza}`;
      juliet.write(`<${stanza} ${attributes} to="alice@sip.test" id="${id}">${deep}</${stanza}>`);
      const { condition, text } = await errorFor(juliet, id);
      expect(condition).to.equal("policy-violation");
      expect(text).to.contain("nested deeper than 64 elements");
    });
  }

  it("a message from another domain that the server vouches for is delivered, under its own name", async () => {
    other.send(message({ from: "romeo@other.test/garden", to: "alice@sip.test", id: "1" }, "from another domain"));
    await waitFor("alice to get it", () => alice.texts.includes("from another domain"));
    const request = alice.requests.find(({ body }) => body.toString() === "from another domain");
    expect(request && fieldOf(request, "from")).to.match(/^<sip:romeo@other\.test>;tag=/);
    expect(statusOf(await alice.message("romeo@other.test", "and back"))).to.equal(404); // none of xmpp.domains
  });

  it("from a domain as a whole: delivered too", async () => {
    other.send(message({ from: "other.test", to: "alice@sip.test", id: "2" }, "from the domain itself"));
    await waitFor("alice to get it", () => alice.texts.includes("from the domain itself"));
  });

  for (const [id, to, condition] of [
    ["unknown", "nobody@sip.test", "item-not-found"],
    ["escaped", "o\\27neill@sip.test", "item-not-found"],
    ["domain", "sip.test", "item-not-found"],
  ] as const) {
    it(`from another domain to ${to}: ${condition}`, async () => {
      other.send(message({ from: "romeo@other.test/garden", to, id }, "anybody there?"));
      const answer = await waitFor("the error", () => other.stanzas.find(({ attrs }) => attrs["id"] === id));
      expect(answer.attrs["from"]).to.equal(to);
      expect(parseStanzaError(answer)?.condition).to.equal(condition);
    });
  }

  it("an error from another domain for a message that was never sent is answered by nobody", async () => {
    const before = other.stanzas.length;
    const error = xml("error", { type: "cancel" }, xml("gone", { xmlns: "urn:ietf:params:xml:ns:xmpp-stanzas" }));
    const attrs = { from: "romeo@other.test", to: "nobody@sip.test", id: "none", type: "error" };
    other.send(xml("message", attrs, error));
    other.send(message({ from: "romeo@other.test", to: "nobody@sip.test", id: "behind" }, "behind it"));
    await waitFor("the answer to the next", () => other.stanzas.some(({ attrs }) => attrs["id"] === "behind"));
    expect(other.stanzas.slice(before).map(({ attrs }) => attrs["id"])).to.deep.equal(["behind"]);
  });
});

function message(attributes: { from: string; to: string; id: string }, body: string): Element {
  return xml("message", { ...attributes, type: "chat" }, xml("body", {}, body));
}

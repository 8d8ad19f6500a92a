import xml, { type Element } from "@xmpp/xml";
import { expect } from "chai";
import { answerQuery } from "../../../xmpp/link/server-queries.ts";
import { parseStanzaError } from "../../../xmpp/stanza-error.ts";

const IDENTITY = { name: "Parley", version: "1.2.3", userFeatures: ["urn:example:feature"] };
const INFO = "http://jabber.org/protocol/disco#info";
const ITEMS = "http://jabber.org/protocol/disco#items";

function request(to: string, payload: Element | undefined, attrs: Record<string, string | undefined> = {}): Element {
  return xml("iq", { type: "get", id: "1", from: "alice@x.test/r", to, ...attrs }, payload);
}

function answer(to: string, payload: Element): Element {
  const reply = answerQuery(request(to, payload), IDENTITY);
  expect(reply?.attrs).to.deep.equal({ type: "result", id: "1", from: to, to: "alice@x.test/r" });
  return reply as Element;
}

function condition(stanza: Element): string | undefined {
  const reply = answerQuery(stanza, IDENTITY);
  return reply && parseStanzaError(reply)?.condition;
}

describe("XEP-0030 disco#info", () => {
  const identities = [
    ["sip.test", "gateway", "simple"],
    ["bob@sip.test", "account", "registered"],
    ["bob@sip.test/phone", "client", "phone"],
  ] as const;
  for (const [to, category, type] of identities) {
    it(`${to} is ${category}/${type} and answers what it lists`, () => {
      const query = answer(to, xml("query", { xmlns: INFO })).getChild("query", INFO);
      expect(query?.getChild("identity")?.attrs).to.deep.equal({ category, type, name: "Parley" });
      const features = query?.getChildren("feature").map((feature) => feature.attrs["var"]) ?? [];
      expect(features).to.include.members([INFO, ITEMS, "urn:xmpp:ping", "jabber:iq:version"]);
      expect(features.includes("jid\\20escaping")).to.equal(category === "gateway");
      expect(features.includes("urn:example:feature")).to.equal(category !== "gateway");
    });
  }

  it("XEP-0085 §4, XEP-0184 §6, XEP-0333 0.4 §4: a person and their clients understand them, the gateway itself does not", () => {
    const messaging = ["http://jabber.org/protocol/chatstates", "urn:xmpp:receipts", "urn:xmpp:chat-markers:0"];
    for (const [to, category] of identities) {
      const query = answer(to, xml("query", { xmlns: INFO })).getChild("query", INFO);
      const features = query?.getChildren("feature").map((feature) => feature.attrs["var"]) ?? [];
      expect(
        messaging.filter((feature) => features.includes(feature)),
        to,
      ).to.deep.equal(category === "gateway" ? [] : messaging);
      expect(new Set(features)).to.have.property("size", features.length);
    }
  });

  it("has no nodes", () => {
    expect(condition(request("sip.test", xml("query", { xmlns: INFO, node: "x" })))).to.equal("item-not-found");
  });
});

describe("the other requests that the component answers", () => {
  it("XEP-0030 disco#items: nothing, so that accounts cannot be listed", () => {
    expect(answer("sip.test", xml("query", { xmlns: ITEMS })).getChild("query", ITEMS)?.children).to.deep.equal([]);
  });

  it("XEP-0199 ping: an empty result", () => {
    expect(answer("bob@sip.test", xml("ping", { xmlns: "urn:xmpp:ping" })).children).to.deep.equal([]);
  });

  it("XEP-0092 version", () => {
    const query = answer("sip.test", xml("query", { xmlns: "jabber:iq:version" })).getChild("query");
    expect([query?.getChildText("name"), query?.getChildText("version")]).to.deep.equal(["Parley", "1.2.3"]);
  });

  for (const [name, stanza] of [
    ["a get of something else", request("bob@sip.test", xml("vCard", { xmlns: "vcard-temp" }))],
    ["a set of something that can be got", request("sip.test", xml("query", { xmlns: INFO }), { type: "set" })],
    ["a name in another namespace", request("sip.test", xml("ping", { xmlns: "urn:example" }))],
    ["a name of the object prototype", request("sip.test", xml("constructor", { xmlns: "" }))],
  ] as const) {
    it(`service-unavailable to ${name}`, () => {
      expect(condition(stanza)).to.equal("service-unavailable");
    });
  }

  for (const [name, stanza] of [
    ["without a payload", request("sip.test", undefined)],
    ["without an id", request("sip.test", xml("ping", { xmlns: "urn:xmpp:ping" }), { id: undefined })],
    ["with two payloads", xml("iq", { type: "get", id: "1", from: "a@x.test", to: "sip.test" }, xml("a"), xml("b"))],
  ] as const) {
    it(`bad-request to one ${name}`, () => {
      expect(condition(stanza)).to.equal("bad-request");
    });
  }

  for (const type of ["result", "error", undefined, "nonsense"]) {
    it(`no answer to type ${type}`, () => {
      const stanza = request("sip.test", xml("ping", { xmlns: "urn:xmpp:ping" }), { type });
      expect(answerQuery(stanza, IDENTITY)).to.equal(undefined);
    });
  }
});

import xml, { type Element } from "@xmpp/xml";
import { expect } from "chai";
import { startEjabberd } from "../peers/ejabberd.ts";
import { startProsody } from "../peers/prosody.ts";
import type { RawPhone } from "../peers/raw-phone.ts";
import { waitFor } from "../peers/wait-for.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides, errorFor, expectService } from "./both-sides.ts";

const DISCO_INFO = "http://jabber.org/protocol/disco#info";
const DISCO_ITEMS = "http://jabber.org/protocol/disco#items";
const VERSION = "jabber:iq:version";
const PING = "urn:xmpp:ping";

for (const [name, startServer] of [
  ["Prosody", startProsody],
  ["ejabberd", startEjabberd],
] as const) {
  describe(`What an XMPP client may ask the gateway, with ${name}`, () => {
    let sides: BothSides;
    let alice: RawPhone;
    let juliet: XmppClient;
    let asked = 0;

    before(async () => {
      sides = await BothSides.start({ users: ["alice"], people: ["juliet"], startServer });
      alice = await sides.registeredPhone("alice");
      juliet = await sides.client("juliet");
    });
    after(() => sides.stop());

    /** The answer to a request; it comes from the very address that was asked. */
    async function ask(to: string, payload: Element, type: "get" | "set" = "get"): Promise<Element> {
      asked += 1;
      const id = `ask-${asked}`;
      await juliet.send(xml("iq", { type, id, to }, payload));
      const answer = await waitFor(`the answer of ${to}`, () => juliet.answers.find(({ attrs }) => attrs["id"] === id));
      expect(answer.attrs["from"]).to.equal(to);
      return answer;
    }

    for (const [to, category, type] of [
      ["sip.test", "gateway", "simple"],
      ["alice@sip.test", "account", "registered"],
      ["alice@sip.test/phone", "client", "phone"],
    ] as const) {
      describe(to, () => {
        it(`XEP-0030 §3: is a ${category} of type ${type}, and names what it answers`, async () => {
          const query = (await ask(to, xml("query", { xmlns: DISCO_INFO }))).getChild("query", DISCO_INFO);
          expect(query?.getChildren("identity").map(({ attrs }) => attrs)).to.deep.equal([
            { category, type, name: "Parley" },
          ]);
          const features = query?.getChildren("feature").map(({ attrs }) => attrs["var"]);
          expect(features).to.include.members([DISCO_INFO, DISCO_ITEMS, VERSION, PING]);
        });

        it("XEP-0030 §4: has no items", async () => {
          const answer = await ask(to, xml("query", { xmlns: DISCO_ITEMS }));
          expect(answer.attrs["type"]).to.equal("result");
          expect(answer.getChild("query", DISCO_ITEMS)?.children).to.deep.equal([]);
        });

        it("XEP-0199: answers a ping", async () => {
          const answer = await ask(to, xml("ping", { xmlns: PING }));
          expect(answer.attrs["type"]).to.equal("result");
        });

        it("XEP-0092: tells its version", async () => {
          const query = (await ask(to, xml("query", { xmlns: VERSION }))).getChild("query", VERSION);
          expect(query?.getChildText("name")).to.equal("Parley");
          expect(query?.getChildText("version")).to.match(/^\d+\.\d+\.\d+/);
        });

        it("RFC 6120 §8.4: what it does not know is service-unavailable, get or set", async () => {
          for (const type of ["get", "set"] as const) {
            const answer = await ask(to, xml("query", { xmlns: "jabber:iq:last" }), type);
            expect(answer.attrs["type"]).to.equal("error");
            expect((await errorFor(juliet, answer.attrs["id"] ?? "")).condition).to.equal("service-unavailable");
          }
        });
      });
    }

    it("presence of every type passes without harm", async () => {
      for (const type of [
        "subscribe",
        "subscribed",
        "unsubscribe",
        "unsubscribed",
        "probe",
        "unavailable",
        undefined,
      ]) {
        await juliet.send(xml("presence", { to: "alice@sip.test", ...(type && { type }) }));
      }
      await expectService(alice, juliet);
    });

    it("RFC 6121 §8.5.2.1.1: a message of type groupchat to a person is service-unavailable, and reaches no phone", async () => {
      const attributes = { to: "alice@sip.test", type: "groupchat", id: "everybody" };
      await juliet.send(xml("message", attributes, xml("body", {}, "to the room")));
      expect((await errorFor(juliet, "everybody")).condition).to.equal("service-unavailable");
      await juliet.send(xml("message", { to: "alice@sip.test", type: "chat" }, xml("body", {}, "to you")));
      await waitFor("alice to get the next", () => alice.texts.includes("to you"));
      expect(alice.texts).not.to.include("to the room");
    });

    it("an error to a person is answered by nobody", async () => {
      const error = xml("error", { type: "cancel" }, xml("gone", { xmlns: "urn:ietf:params:xml:ns:xmpp-stanzas" }));
      await juliet.send(xml("message", { to: "nobody@sip.test", type: "error", id: "first" }, error));
      await juliet.send(xml("message", { to: "nobody@sip.test", type: "chat", id: "second" }, xml("body", {}, "?")));
      await errorFor(juliet, "second");
      expect(juliet.messages.map(({ attrs }) => attrs["id"])).not.to.include("first");
    });
  });
}

import { expect } from "chai";
import type { ContentFromSip } from "../../gateway/mapping/from-sip.ts";
import { PhoneFeatures } from "../../gateway/phone-features.ts";

const ALICE = "alice@sip.test";
const PHONE = "sip:alice@192.0.2.1";

describe("what a phone has shown to understand", () => {
  it("is known of that phone of that user alone", () => {
    const features = new PhoneFeatures();
    expect(features.has(ALICE, PHONE, "cpim")).to.equal(false);
    features.learn(ALICE, PHONE, "cpim");
    features.learn(ALICE, PHONE, "imdn");
    expect(features.has(ALICE, PHONE, "cpim")).to.equal(true);
    expect(features.has(ALICE, PHONE, "imdn")).to.equal(true);
    expect(features.has(ALICE, PHONE, "composing")).to.equal(false);
    expect(features.has(ALICE, "sip:alice@192.0.2.2", "cpim")).to.equal(false);
    expect(features.has("bob@sip.test", PHONE, "cpim")).to.equal(false);
  });

  it("is unlearned one by one, and forgotten with the binding", () => {
    const features = new PhoneFeatures();
    features.learn(ALICE, PHONE, "cpim");
    features.learn(ALICE, PHONE, "imdn");
    features.unlearn(ALICE, PHONE, "cpim");
    features.unlearn(ALICE, "sip:alice@192.0.2.2", "cpim");
    expect(features.has(ALICE, PHONE, "cpim")).to.equal(false);
    expect(features.has(ALICE, PHONE, "imdn")).to.equal(true);
    features.forget(ALICE, PHONE);
    expect(features.has(ALICE, PHONE, "imdn")).to.equal(false);
  });

  const accepted = (fields: readonly string[]) => {
    const features = new PhoneFeatures();
    features.learnAccept(ALICE, PHONE, fields);
    return (["cpim", "imdn", "composing"] as const).filter((feature) => features.has(ALICE, PHONE, feature));
  };

  for (const { fields, learned } of [
    { fields: ["text/plain", "message/cpim"], learned: ["cpim"] },
    { fields: ["text/plain, Message/CPIM;q=0.5", "message/imdn+xml"], learned: ["cpim", "imdn"] },
    { fields: ["application/im-iscomposing+xml;charset=utf-8"], learned: ["composing"] },
    { fields: ["*/*", "message/*", "application/sdp"], learned: [] },
    { fields: ["message/cpim;q=0", "message/imdn+xml;q=0.000"], learned: [] },
    { fields: ["message/cpim;q=high"], learned: ["cpim"] },
    { fields: ["message", "message/cpim/x", ";", ""], learned: [] },
    { fields: [], learned: [] },
  ]) {
    it(`RFC 3261 §20.1: Accept ${JSON.stringify(fields)} shows ${learned.join(", ") || "nothing"}`, () => {
      expect(accepted(fields)).to.deep.equal(learned);
    });
  }

  const im = { text: "x", messageId: "m" };
  for (const { what, content, learned } of [
    {
      what: "an IM that asks",
      content: { ok: true, kind: "im", im: { ...im, asks: ["delivered"] } },
      learned: ["imdn"],
    },
    { what: "an IM that does not", content: { ok: true, kind: "im", im }, learned: [] },
    {
      what: "a report",
      content: { ok: true, kind: "disposition", disposition: { messageId: "m", outcome: "displayed" } },
      learned: ["imdn"],
    },
    {
      what: "a typing notice",
      content: { ok: true, kind: "composing", composing: { state: "active", refreshSeconds: undefined } },
      learned: ["composing"],
    },
    { what: "what cannot be read", content: { ok: false, status: 400, why: "" }, learned: [] },
  ] satisfies readonly { what: string; content: ContentFromSip; learned: readonly string[] }[]) {
    it(`RFC 5438 §6.3: ${what} shows ${learned.join(", ") || "nothing"}`, () => {
      const features = new PhoneFeatures();
      features.learnContent(ALICE, PHONE, content);
      const known = (["cpim", "imdn", "composing"] as const).filter((feature) => features.has(ALICE, PHONE, feature));
      expect(known).to.deep.equal(learned);
    });
  }

  it("an Accept takes back only what it refuses", () => {
    const features = new PhoneFeatures();
    features.learnAccept(ALICE, PHONE, ["message/cpim", "message/imdn+xml"]);
    features.learnAccept(ALICE, PHONE, ["text/plain", "message/cpim;q=0"]);
    expect(features.has(ALICE, PHONE, "cpim")).to.equal(false);
    expect(features.has(ALICE, PHONE, "imdn")).to.equal(true);
  });

  it("of 20,001 phones the first is forgotten", () => {
    const features = new PhoneFeatures();
    const contacts = Array.from({ length: 20_001 }, (_, index) => `sip:alice@192.0.2.1:${index}`);
    for (const contact of contacts) features.learn(ALICE, contact, "cpim");
    expect(contacts.filter((contact) => !features.has(ALICE, contact, "cpim"))).to.deep.equal([contacts[0]]);
  });
});

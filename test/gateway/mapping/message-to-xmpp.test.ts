import type { Element } from "@xmpp/xml";
import { expect } from "chai";
import { parse } from "ltx";
import { contentFromXmpp } from "../../../gateway/mapping/from-xmpp.ts";
import { stanzaFromChatState, stanzaFromDisposition, stanzaFromIm } from "../../../gateway/mapping/to-xmpp.ts";
import { rfc7572Example } from "./rfc7572-examples.ts";
import { TEXTS_OF_ALL_SCRIPTS } from "./texts-of-all-scripts.ts";

const ADDRESS = {
  from: { local: "romeo", domain: "sip.test" },
  to: { local: "juliet", domain: "xmpp.test", resource: "b" },
  id: "i",
};
const HEAD = '<message type="chat" from="romeo@sip.test" to="juliet@xmpp.test/b" id="i"';

function reparsed(stanza: Element | undefined): Element {
  return parse(stanza?.toString() ?? "");
}

describe("RFC 7572 §5: message stanza", () => {
  it("example 7: the language goes along", () => {
    const expected = parse(rfc7572Example(7));
    const text = expected.getChildText("body")?.trim() ?? "";
    const stanza = stanzaFromIm(
      { text, language: "cs" },
      { from: { local: "romeo", domain: "example.net" }, to: { local: "juliet", domain: "example.com" }, id: "1" },
    );
    expect(stanza.attrs["xml:lang"]).to.equal(expected.attrs["xml:lang"]);
    expect(stanza.attrs["from"]).to.equal(expected.attrs["from"]);
    expect(stanza.attrs["to"]).to.equal(expected.attrs["to"]);
    expect(stanza.getChildText("body")).to.equal(text);
  });

  it("subject, thread, language, id and text stand where XMPP wants them", () => {
    const stanza = stanzaFromIm({ text: "Grüße 👋", subject: "Abend", language: "de", thread: "t1" }, ADDRESS);
    expect(stanza.toString()).to.equal(
      `${HEAD} xml:lang="de"><subject>Abend</subject><body>Grüße 👋</body><thread>t1</thread>` +
        '<origin-id xmlns="urn:xmpp:sid:0" id="i"/></message>',
    );
  });

  for (const [name, text] of TEXTS_OF_ALL_SCRIPTS) {
    it(`the text byte for byte: ${name}`, () => {
      const stanza = reparsed(stanzaFromIm({ text, subject: text }, ADDRESS));
      expect(stanza.getChildText("body")).to.equal(text);
      expect(stanza.getChildText("subject")).to.equal(text);
    });
  }

  it("XML 1.0 §2.2: what XML forbids is replaced, never sent", () => {
    const stanza = stanzaFromIm(
      {
        text: "a\u0000b\u0008c\ufffed\ud800e",
        subject: "\u0002",
        thread: "t\u0003",
        language: "\u0004",
      },
      { from: { domain: "sip.test" }, to: { domain: "xmpp.test" }, id: "a\u0001" },
    );
    expect(stanza.getChildText("body")).to.equal("a\ufffdb\ufffdc\ufffdd\ufffde");
    expect(stanza.getChildText("subject")).to.equal("\ufffd");
    expect(stanza.getChildText("thread")).to.equal("t\ufffd");
    expect(stanza.attrs["xml:lang"]).to.equal("\ufffd");
    expect(stanza.attrs["id"]).to.equal("a\ufffd");
    expect(stanza.getChild("origin-id", "urn:xmpp:sid:0")?.attrs["id"]).to.equal("a\ufffd");
  });

  it("XEP-0184 §7, XEP-0333 0.4 §6: what the sender asks for, each once; a failure comes unasked", () => {
    const request = '<request xmlns="urn:xmpp:receipts"/>';
    const markable = '<markable xmlns="urn:xmpp:chat-markers:0"/>';
    const origin = '<origin-id xmlns="urn:xmpp:sid:0" id="i"/>';
    for (const [asks, elements] of [
      [["delivered"], request],
      [["displayed"], markable],
      [["delivered", "failed", "displayed", "delivered"], request + markable],
      [["failed"], ""],
      [[], ""],
    ] as const) {
      const stanza = stanzaFromIm({ text: "x", asks, messageId: "m" }, ADDRESS);
      expect(stanza.toString()).to.equal(`${HEAD}><body>x</body>${elements}${origin}</message>`);
    }
  });

  it("XEP-0085 §5.1: the chat state goes along", () => {
    const stanza = stanzaFromIm({ text: "x" }, { ...ADDRESS, chatState: "active" });
    expect(stanza.toString()).to.include('<active xmlns="http://jabber.org/protocol/chatstates"/>');
  });

  it("XEP-0203: one that has waited says since when, and not what its sender did then", () => {
    const delayedSince = new Date(Date.UTC(2002, 8, 10, 23, 8, 25));
    const stanza = stanzaFromIm({ text: "x" }, { ...ADDRESS, delayedSince, chatState: "active" });
    expect(stanza.toString()).to.equal(
      `${HEAD}><body>x</body><origin-id xmlns="urn:xmpp:sid:0" id="i"/>` +
        '<delay xmlns="urn:xmpp:delay" from="sip.test" stamp="2002-09-10T23:08:25.000Z"/></message>',
    );
  });
});

describe("RFC 5438 §7 dispositions -> receipts and markers", () => {
  const STORE = '<store xmlns="urn:xmpp:hints"/>';

  for (const [outcome, element] of [
    ["delivered", '<received xmlns="urn:xmpp:receipts" id="m&lt;1"/>'],
    ["displayed", '<displayed xmlns="urn:xmpp:chat-markers:0" id="m&lt;1"/>'],
  ] as const) {
    it(`${outcome}: kept for somebody who is offline, and asking for nothing`, () => {
      const disposition = { messageId: "m<1", outcome };
      expect(stanzaFromDisposition(disposition, ADDRESS)?.toString()).to.equal(`${HEAD}>${element}${STORE}</message>`);
      expect(stanzaFromDisposition(disposition, ADDRESS, { thread: "t" })?.toString()).to.equal(
        `${HEAD}><thread>t</thread>${element}${STORE}</message>`,
      );
    });

    it(`${outcome}: is read again as it was said`, () => {
      const disposition = { messageId: "m1", outcome };
      const content = contentFromXmpp(reparsed(stanzaFromDisposition(disposition, ADDRESS)));
      expect(content).to.deep.equal({ dispositions: [disposition], encrypted: false, delayed: false });
    });
  }

  it("failed: an error stanza tells it, no receipt", () => {
    expect(stanzaFromDisposition({ messageId: "m1", outcome: "failed" }, ADDRESS)).to.equal(undefined);
  });

  it("a Message-ID that XML cannot hold is not sent as it is", () => {
    const stanza = stanzaFromDisposition({ messageId: "a\u0000", outcome: "delivered" }, ADDRESS);
    expect(stanza?.getChild("received")?.attrs["id"]).to.equal("a\ufffd");
  });
});

describe("XEP-0085: a chat state without a text", () => {
  for (const state of ["active", "composing", "paused", "inactive", "gone"] as const) {
    it(`${state}: in its thread, and kept for nobody`, () => {
      const stanza = stanzaFromChatState(state, ADDRESS, { thread: "t" });
      expect(stanza.toString()).to.equal(
        `${HEAD}><thread>t</thread><${state} xmlns="http://jabber.org/protocol/chatstates"/>` +
          '<no-store xmlns="urn:xmpp:hints"/></message>',
      );
      expect(contentFromXmpp(reparsed(stanza))).to.deep.include({ chatState: state });
    });
  }

  it("without a thread", () => {
    expect(stanzaFromChatState("gone", ADDRESS).getChild("thread")).to.equal(undefined);
  });
});

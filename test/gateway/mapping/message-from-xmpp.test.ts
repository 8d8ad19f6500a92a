import { readFileSync } from "node:fs";
import xml from "@xmpp/xml";
import { expect } from "chai";
import { parse } from "ltx";
import { contentFromXmpp } from "../../../gateway/mapping/from-xmpp.ts";
import { messageFromIm } from "../../../gateway/mapping/to-sip.ts";
import { rfc7572Example } from "./rfc7572-examples.ts";
import { TEXTS_OF_ALL_SCRIPTS } from "./texts-of-all-scripts.ts";
import { CHAT_STATES, contentOf, imOf, MARKERS, RECEIPTS, textOf } from "./xmpp-content.ts";

describe("RFC 7572 §4: what a stanza says", () => {
  it("example 1 -> example 2", () => {
    const { im } = contentFromXmpp(parse(rfc7572Example(1)));
    if (im === undefined) throw new Error("no IM");
    const envelope = {
      from: "sip:juliet@example.com",
      to: "sip:romeo@example.net",
      callId: "D9AA95FD",
      date: new Date(0),
    };
    const [head = "", body] = rfc7572Example(2).split("\n\n");
    const request = messageFromIm(im, envelope);
    expect(head).to.match(new RegExp(`^${request.method} `));
    expect(head).to.include(`\nTo: ${envelope.to}\n`);
    expect(request.to).to.equal(`<${envelope.to}>`);
    expect(request.body?.toString()).to.equal(body);
  });

  it("text, subject, language, thread and id", () => {
    const inner = "<subject>Grüße</subject><body>Servus</body><thread>t</thread>";
    expect(imOf(inner, 'xml:lang="de-AT" id="x"')).to.deep.equal({
      text: "Servus",
      subject: "Grüße",
      language: "de-AT",
      thread: "t",
      id: "x",
      messageId: "x",
    });
  });

  for (const [name, text] of TEXTS_OF_ALL_SCRIPTS) {
    it(`the text byte for byte: ${name}`, () => {
      const { im } = contentFromXmpp(parse(xml("message", {}, xml("body", {}, text)).toString()));
      expect(im?.text).to.equal(text);
    });
  }

  it("of several bodies the one without a language is read, else the first", () => {
    expect(textOf('<body xml:lang="fr">un</body><body>one</body>')).to.equal("one");
    expect(imOf('<body xml:lang="fr">un</body><body xml:lang="de">eins</body>', "")).to.deep.equal({
      text: "un",
      language: "fr",
    });
    expect(textOf('<body/><body xml:lang="de">eins</body>')).to.equal("eins");
  });

  it("a body of another namespace is not the message's", () => {
    expect(imOf('<body xmlns="http://www.w3.org/1999/xhtml">not this</body>')).to.equal(undefined);
    expect(textOf('<body xmlns="urn:example">not this</body><body xmlns="jabber:client">this</body>')).to.equal("this");
  });

  it("a subject alone is its text, with or without a thread", () => {
    expect(imOf("<subject>Only this</subject>", "")).to.deep.equal({ text: "Only this" });
    expect(imOf("<subject>Only this</subject><body/>", "")).to.deep.equal({ text: "Only this" });
    expect(imOf('<subject xml:lang="en">Only this</subject><thread>t</thread>', "")).to.deep.equal({
      text: "Only this",
      language: "en",
      thread: "t",
    });
  });

  it("XEP-0045 §8.1: a subject without a body in a room is the room's", () => {
    expect(imOf("<subject>Today</subject>", 'type="groupchat" id="1"')).to.equal(undefined);
    expect(textOf("<subject>Today</subject><body>Hello</body>", 'type="groupchat" id="1"')).to.equal("Hello");
  });

  it("an empty stanza and an empty body are nothing to a person", () => {
    const nothing = { dispositions: [], encrypted: false, delayed: false };
    expect(contentOf("")).to.deep.equal(nothing);
    expect(contentOf("<body/><thread>t</thread>")).to.deep.equal(nothing);
  });

  it("a language that is no tag does not reach a header field", () => {
    const stanza = xml("message", { "xml:lang": "en\r\nX-Evil: 1" }, xml("body", {}, "x"));
    expect(contentFromXmpp(stanza).im).to.deep.equal({ text: "x" });
  });

  it("ids and threads over 255 characters are not kept", () => {
    const fits = "i".repeat(255);
    expect(imOf(`<body>x</body><thread>${fits}</thread>`, `id="${fits}"`)).to.deep.equal({
      text: "x",
      thread: fits,
      id: fits,
      messageId: fits,
    });
    expect(imOf(`<body>x</body><thread>${fits}i</thread>`, `id="${fits}i"`)).to.deep.equal({ text: "x" });
  });

  it("RFC 6121 §5.2.2: a headline is sent by a program", () => {
    expect(imOf("<body>x</body>", 'type="headline"')).to.deep.equal({ text: "x", automatic: true });
  });

  it("XEP-0359, XEP-0203: the origin id and that it has waited", () => {
    const content = contentOf(
      '<body>x</body><origin-id xmlns="urn:xmpp:sid:0" id="o1"/>' +
        '<delay xmlns="urn:xmpp:delay" stamp="2002-09-10T23:08:25Z"/>',
    );
    expect(content.delayed).to.equal(true);
    expect(content.im).to.include({ id: "m1", originId: "o1" });
    expect(imOf('<body>x</body><origin-id xmlns="urn:xmpp:sid:0" id="m1"/>')).not.to.have.property("originId");
    const long = `<body>x</body><origin-id xmlns="urn:xmpp:sid:0" id="${"o".repeat(256)}"/>`;
    expect(imOf(long)).not.to.have.property("originId");
  });
});

describe("XEP-0085: chat states", () => {
  for (const state of ["active", "composing", "paused", "inactive", "gone"] as const) {
    it(`${state}, alone and beside a body`, () => {
      const child = `<${state} xmlns="${CHAT_STATES}"/>`;
      const alone = { dispositions: [], encrypted: false, delayed: false, chatState: state };
      expect(contentOf(child)).to.deep.equal(alone);
      expect(contentOf(`${child}<body>x</body>`)).to.deep.equal({
        ...alone,
        im: { text: "x", id: "m1", messageId: "m1" },
      });
    });
  }

  it("a state of another namespace, an unknown one and one in a room are none", () => {
    expect(contentOf('<composing xmlns="urn:example"/>')).not.to.have.property("chatState");
    expect(contentOf(`<dancing xmlns="${CHAT_STATES}"/>`)).not.to.have.property("chatState");
    expect(contentOf(`<composing xmlns="${CHAT_STATES}"/>`, 'type="groupchat"')).not.to.have.property("chatState");
  });
});

describe("XEP-0184 receipts and XEP-0333 markers", () => {
  for (const [child, outcome] of [
    [`<received xmlns="${RECEIPTS}" id="a"/>`, "delivered"],
    [`<received xmlns="${MARKERS}" id="a"/>`, "delivered"],
    [`<displayed xmlns="${MARKERS}" id="a"/>`, "displayed"],
    [`<acknowledged xmlns="${MARKERS}" id="a"/>`, "displayed"],
  ] as const) {
    it(`${child} says ${outcome}, with and without a body`, () => {
      const dispositions = [{ messageId: "a", outcome }];
      expect(contentOf(child)).to.deep.equal({ dispositions, encrypted: false, delayed: false });
      expect(contentOf(`${child}<body>x</body>`)).to.deep.include({
        dispositions,
        im: { text: "x", id: "m1", messageId: "m1" },
      });
    });
  }

  it("a receipt and a marker of the same meaning are one", () => {
    const both = `<received xmlns="${RECEIPTS}" id="a"/><received xmlns="${MARKERS}" id="a"/>`;
    expect(contentOf(both).dispositions).to.deep.equal([{ messageId: "a", outcome: "delivered" }]);
  });

  it("without an id, with a long one and in a room they name nothing", () => {
    for (const id of ["", 'id=""', `id="${"a".repeat(256)}"`]) {
      expect(contentOf(`<received xmlns="${RECEIPTS}" ${id}/><displayed xmlns="${MARKERS}" ${id}/>`).dispositions).to.be
        .empty;
    }
    expect(contentOf(`<received xmlns="${RECEIPTS}" id="a"/>`, 'type="groupchat"').dispositions).to.be.empty;
  });

  it("a stanza full of them tells of sixteen", () => {
    const many = Array.from({ length: 1000 }, (_, n) => `<received xmlns="${RECEIPTS}" id="${n}"/>`).join("");
    expect(contentOf(many).dispositions).to.have.length(16);
  });

  const asking = `<body>x</body><request xmlns="${RECEIPTS}"/><markable xmlns="${MARKERS}"/>`;

  it("a request asks for delivered, markable for displayed", () => {
    expect(imOf(asking)?.asks).to.deep.equal(["delivered", "displayed"]);
    expect(imOf(`<body>x</body><request xmlns="${RECEIPTS}"/>`)?.asks).to.deep.equal(["delivered"]);
    expect(imOf(`<body>x</body><markable xmlns="${MARKERS}"/>`)?.asks).to.deep.equal(["displayed"]);
  });

  it("XEP-0184 §7, §5.3: without an id and in a room nothing is asked", () => {
    for (const attributes of ["", 'id=""', `id="${"a".repeat(256)}"`, 'id="1" type="groupchat"']) {
      expect(imOf(asking, attributes)).not.to.have.property("asks");
    }
  });
});

describe("what real clients sent", () => {
  for (const [client, expected] of [
    [
      "profanity",
      [
        { text: "hello <&> ü", chatState: "active" },
        { chatState: "composing" },
        { text: "half a sentence", chatState: "active" },
        { dispositions: [{ messageId: "0de28b6720f0452aa7746dca640615a6", outcome: "delivered" }] },
        { chatState: "gone" },
      ],
    ],
    [
      "slixmpp",
      [
        { text: "plain" },
        { text: "with receipt request", asks: ["delivered", "displayed"], chatState: "active" },
        { chatState: "composing" },
        { chatState: "paused" },
        { dispositions: [{ messageId: "240632644d1744f3b7244669dad509e8", outcome: "delivered" }] },
      ],
    ],
  ] as const) {
    it(client, () => {
      const said = readFileSync(`test/vectors/clients/${client}/trace.txt`, "utf8")
        .match(/<message .*<\/message>/g)
        ?.map((stanza) => parse(stanza))
        .filter(({ attrs }) => attrs["type"] !== "error")
        .map(contentFromXmpp)
        .map(({ im, chatState, dispositions }) => ({
          ...(im && { text: im.text }),
          ...(im?.asks && { asks: im.asks }),
          ...(chatState && { chatState }),
          ...(dispositions.length > 0 && { dispositions }),
        }));
      expect(said).to.deep.include.members([...expected]);
    });
  }
});

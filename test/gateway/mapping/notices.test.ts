import { expect } from "chai";
import { NOTICES } from "../../../gateway/mapping/notices.ts";
import { CHAT_STATES, contentOf, imOf, MARKERS, RECEIPTS, textOf } from "./xmpp-content.ts";

describe("what is said of an earlier message", () => {
  it("XEP-0308: a correction is marked", () => {
    const replace = '<replace id="bad1" xmlns="urn:xmpp:message-correct:0"/>';
    expect(textOf(`<body>yonder window</body>${replace}`)).to.equal("* yonder window");
    expect(textOf('<body>window</body><replace xmlns="urn:xmpp:message-correct:0"/>')).to.equal("window");
  });

  const reactions = (inner: string) => `<reactions id="m0" xmlns="urn:xmpp:reactions:0">${inner}</reactions>`;

  it("XEP-0444: reactions without a body are named, each once", () => {
    const three = "<reaction>👍</reaction><reaction> ❤️ </reaction><reaction>👍</reaction>";
    expect(textOf(reactions(three))).to.equal("reacted with 👍 ❤️");
  });

  it("XEP-0444: the fallback body is read when there is one", () => {
    expect(textOf(`<body>&gt; Hello\n👍</body>${reactions("<reaction>👍</reaction>")}`)).to.equal("> Hello\n👍");
  });

  it("XEP-0444 §3.2: taken back, empty, too long or of no message, they are nothing", () => {
    expect(imOf(reactions(""))).to.equal(undefined);
    expect(imOf(reactions(`<reaction> </reaction><reaction>${"x".repeat(65)}</reaction>`))).to.equal(undefined);
    expect(imOf('<reactions xmlns="urn:xmpp:reactions:0"><reaction>👍</reaction></reactions>')).to.equal(undefined);
  });

  it("XEP-0444: of a hundred reactions twenty are named", () => {
    const hundred = Array.from({ length: 100 }, (_, n) => `<reaction>${n}</reaction>`).join("");
    expect(textOf(reactions(hundred))?.split(" ")).to.have.length("reacted with".split(" ").length + 20);
  });

  for (const [name, retraction] of [
    ["version 0.4", '<retract id="m0" xmlns="urn:xmpp:message-retract:1"/>'],
    [
      "version 0.3, fastened",
      '<apply-to id="m0" xmlns="urn:xmpp:fasten:0"><retract xmlns="urn:xmpp:message-retract:0"/></apply-to>',
    ],
  ] as const) {
    it(`XEP-0424 ${name}: a notice in the place of the fallback body`, () => {
      expect(imOf(`${retraction}<body>/me retracted a message, but your client cannot show it</body>`)).to.deep.equal({
        text: NOTICES.retracted,
        id: "m1",
        messageId: "m1",
      });
      expect(textOf(retraction)).to.equal(NOTICES.retracted);
    });
  }

  it("XEP-0424: a retraction of nothing is none", () => {
    expect(textOf('<body>x</body><retract xmlns="urn:xmpp:message-retract:1"/>')).to.equal("x");
    expect(textOf('<body>x</body><apply-to id="m0" xmlns="urn:xmpp:fasten:0"/>')).to.equal("x");
  });

  it("XEP-0461: a reply keeps its fallback quote", () => {
    const reply =
      '<body>&gt; Anna wrote:\n&gt; Hi\nHello</body><reply to="anna@example.com" id="m0" xmlns="urn:xmpp:reply:0"/>' +
      '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0"><body start="0" end="20"/></fallback>';
    expect(textOf(reply)).to.equal("> Anna wrote:\n> Hi\nHello");
  });
});

describe("end-to-end encryption", () => {
  const FALLBACK = "<body>I sent you an encrypted message but your client does not seem to support that.</body>";
  const omemo = (namespace: string, payload: string) =>
    `<encrypted xmlns="${namespace}"><header sid="1"><key rid="2">AA==</key><iv>AA==</iv></header>${payload}</encrypted>`;
  const EME = '<encryption xmlns="urn:xmpp:eme:0" namespace="urn:example" name="Example"/>';

  for (const [name, inner] of [
    ["XEP-0384 0.3", `${omemo("eu.siacs.conversations.axolotl", "<payload>AA==</payload>")}${EME}${FALLBACK}`],
    ["XEP-0384 0.3 without a body", omemo("eu.siacs.conversations.axolotl", "<payload>AA==</payload>")],
    ["XEP-0384 0.7", `${omemo("urn:xmpp:omemo:1", "<payload>AA==</payload>")}${FALLBACK}`],
    ["XEP-0384 0.8", `${omemo("urn:xmpp:omemo:2", "<payload>AA==</payload>")}${FALLBACK}`],
    ["XEP-0373", `<openpgp xmlns="urn:xmpp:openpgp:0">AA==</openpgp>${FALLBACK}`],
    ["XEP-0027", `<x xmlns="jabber:x:encrypted">AA==</x>${FALLBACK}`],
    ["XEP-0380 of an unknown method", `${EME}${FALLBACK}`],
    ["XEP-0364 query", "<body>?OTRv23?\nAnna wants to speak Off-the-Record</body>"],
    ["XEP-0364 query of version 1", "<body>?OTR?v2?</body>"],
    ["XEP-0364 data", "<body>?OTR:AAMDJ+MVmSfjFZcAAAAAAQAAAAIAAADA.</body>"],
    ["XEP-0364 fragment", "<body>?OTR|5a73a599|27e31597,00001,00003,?OTR:AAMD,</body>"],
  ] as const) {
    it(`${name}: a notice in the place of the fallback body`, () => {
      const content = contentOf(`<subject>s</subject>${inner}<thread>t</thread>`, 'xml:lang="de" id="m1"');
      expect(content.encrypted).to.equal(true);
      expect(content.im).to.deep.equal({ text: NOTICES.encrypted, thread: "t", id: "m1", messageId: "m1" });
    });
  }

  it("asks for no receipt: nobody has the message", () => {
    const request = `<request xmlns="${RECEIPTS}"/><markable xmlns="${MARKERS}"/>`;
    expect(imOf(`${EME}${FALLBACK}${request}`)).not.to.have.property("asks");
  });

  for (const namespace of ["eu.siacs.conversations.axolotl", "urn:xmpp:omemo:1", "urn:xmpp:omemo:2"]) {
    it(`${namespace}: keys alone are nothing to a person, a chat state beside them is read`, () => {
      const content = contentOf(`${omemo(namespace, "")}${EME}${FALLBACK}<active xmlns="${CHAT_STATES}"/>`);
      expect(content).to.deep.equal({ dispositions: [], encrypted: false, delayed: false, chatState: "active" });
    });
  }

  it("a signature, and a sentence about OTR, hide nothing", () => {
    expect(contentOf('<body>x</body><x xmlns="jabber:x:signed">AA==</x>')).to.deep.include({ encrypted: false });
    expect(textOf("<body>?OTR is what that button says</body>")).to.equal("?OTR is what that button says");
  });
});

describe("what stands beside the body, or in its place", () => {
  it("XEP-0071, XEP-0393: markup stays behind, styling stays as it is typed", () => {
    const html =
      '<html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml"><b>no</b></body></html>';
    expect(textOf(`<body>yes</body>${html}`)).to.equal("yes");
    expect(imOf(html)).to.equal(undefined);
    expect(textOf("<body>*bold* _and_ `code`</body>")).to.equal("*bold* _and_ `code`");
  });

  const oob = (inner: string) => `<x xmlns="jabber:x:oob">${inner}</x>`;

  it("XEP-0066: the address of a file is the text when there is no body", () => {
    const url = "<url> https://example.com/a%20b.jpg </url><desc>a picture</desc>";
    expect(textOf(oob(url))).to.equal("https://example.com/a%20b.jpg");
    expect(textOf(`<body>https://example.com/b</body>${oob(url)}`)).to.equal("https://example.com/b");
    expect(imOf(oob("<url> </url>"))).to.equal(undefined);
  });

  const forwarded =
    '<forwarded xmlns="urn:xmpp:forward:0"><message xmlns="jabber:client" from="king@example.com" id="f">' +
    `<body>forged</body><received xmlns="${RECEIPTS}" id="f"/></message></forwarded>`;

  for (const [name, copy] of [
    ["XEP-0280 received", `<received xmlns="urn:xmpp:carbons:2">${forwarded}</received>`],
    ["XEP-0280 sent", `<sent xmlns="urn:xmpp:carbons:2">${forwarded}</sent>`],
    ["XEP-0313 result of version 0.5", `<result xmlns="urn:xmpp:mam:1" id="1">${forwarded}</result>`],
    ["XEP-0313 result", `<result xmlns="urn:xmpp:mam:2" id="1">${forwarded}</result>`],
  ] as const) {
    it(`${name}: a stranger's copy of a message says nothing`, () => {
      const nothing = { dispositions: [], encrypted: false, delayed: false };
      expect(contentOf(copy)).to.deep.equal(nothing);
      expect(contentOf(`${copy}<body>look</body><received xmlns="${RECEIPTS}" id="a"/>`)).to.deep.equal(nothing);
    });
  }

  it("XEP-0297: of a forwarded message only the sender's own words are read", () => {
    expect(contentOf(forwarded)).to.deep.equal({ dispositions: [], encrypted: false, delayed: false });
    expect(textOf(`<body>look at this</body>${forwarded}`)).to.equal("look at this");
  });

  it("XEP-0280: a message that asks for no carbons is none itself", () => {
    expect(textOf('<body>x</body><private xmlns="urn:xmpp:carbons:2"/>')).to.equal("x");
  });

  it("a prefix for the namespace changes nothing", () => {
    expect(contentOf(`<r:received xmlns:r="${RECEIPTS}" id="a"/>`).dispositions).to.deep.equal([
      { messageId: "a", outcome: "delivered" },
    ]);
  });
});

import { expect } from "chai";
import type { Linphone } from "../peers/linphone.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides, chat, errorFor } from "./both-sides.ts";
import { linphoneOf } from "./real-clients.ts";

const ALICE = "alice@sip.test";
const REPLY = '<reply xmlns="urn:xmpp:reply:0" to="alice@sip.test" id="m1"/>';
const FALLBACK = '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0"><body start="0" end="10"/></fallback>';
const OMEMO =
  '<encrypted xmlns="eu.siacs.conversations.axolotl"><header sid="1"/><payload>aGVsbG8=</payload></encrypted>';
const WITHDRAWN = "[The sender has withdrawn a message.]";
const ENCRYPTED =
  "[An encrypted message came, which cannot pass to SIP. Please ask the sender to send it without encryption.]";

const READ: readonly { readonly what: string; readonly children: string; readonly read: string }[] = [
  {
    what: "XEP-0308: a correction is marked as people mark it",
    children: '<body>I shall come</body><replace xmlns="urn:xmpp:message-correct:0" id="m1"/>',
    read: "* I shall come",
  },
  {
    what: "XEP-0461: a reply with its quotation",
    children: `<body>&gt; Good day\nAnd to you</body>${REPLY}${FALLBACK}`,
    read: "> Good day\nAnd to you",
  },
  {
    what: "XEP-0444: reactions without a fallback",
    children:
      '<reactions xmlns="urn:xmpp:reactions:0" id="m1"><reaction>👍🏽</reaction><reaction>👋</reaction></reactions>',
    read: "reacted with 👍🏽 👋",
  },
  {
    what: "XEP-0444: a reaction with its fallback body",
    children:
      '<body>&gt; Good day\n😀</body><reactions xmlns="urn:xmpp:reactions:0" id="m1"><reaction>😀</reaction></reactions>',
    read: "> Good day\n😀",
  },
  {
    what: "XEP-0424: a retraction",
    children: '<retract xmlns="urn:xmpp:message-retract:1" id="m1"/><body>/me retracted a message</body>',
    read: WITHDRAWN,
  },
  {
    what: "XEP-0066: a link to a file",
    children: '<x xmlns="jabber:x:oob"><url>https://xmpp.test/file.png</url></x>',
    read: "https://xmpp.test/file.png",
  },
  {
    what: "XEP-0071: of a formatted text the plain one",
    children:
      '<body>plain</body><html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml"><b>rich</b></body></html>',
    read: "plain",
  },
];

describe("What an XMPP client says is a text at Linphone, never XML", () => {
  let sides: BothSides;
  let alice: Linphone;
  let juliet: XmppClient;

  before(async () => {
    sides = await BothSides.start({ users: ["alice"], people: ["juliet"] });
    alice = await linphoneOf(sides, "alice");
    juliet = await sides.client("juliet");
  });
  after(() => sides.stop());

  const writes = (children: string, id: string) =>
    juliet.write(`<message type="chat" to="${ALICE}" id="${id}">${children}</message>`);

  for (const [index, { what, children, read }] of READ.entries()) {
    it(what, async () => {
      writes(children, `read-${index}`);
      expect(await alice.received(read)).to.include({ from: "sip:juliet@xmpp.test" });
    });
  }

  it("XEP-0384: an encrypted message: its recipient reads that it came, its sender that it cannot pass", async () => {
    writes(`<body>I sent you an OMEMO encrypted message</body>${OMEMO}`, "omemo");
    await alice.received(ENCRYPTED);
    expect(await errorFor(juliet, "omemo")).to.deep.include({
      condition: "not-acceptable",
      text: "Your IM could not be delivered. Encrypted messages cannot pass to SIP, send it without encryption",
    });
  });

  for (const [what, children] of [
    ["keys without a text", '<encrypted xmlns="eu.siacs.conversations.axolotl"><header sid="1"/></encrypted>'],
    ["a chat marker", '<displayed xmlns="urn:xmpp:chat-markers:0" id="m1"/>'],
    ["an element that nobody knows", '<mystery xmlns="urn:example:mystery"><part>1</part></mystery>'],
  ] as const) {
    it(`${what}: nothing at all is shown, and no error comes back`, async () => {
      const before = alice.messages.length;
      writes(children, `silent ${what}`);
      await juliet.send(chat(ALICE, `behind ${what}`));
      await alice.received(`behind ${what}`);
      expect(alice.messages.slice(before).map(({ text }) => text)).to.deep.equal([`behind ${what}`]);
      expect(juliet.messages.filter(({ attrs }) => attrs["id"] === `silent ${what}`)).to.deep.equal([]);
    });
  }
});

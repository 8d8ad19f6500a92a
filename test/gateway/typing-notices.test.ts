import { expect } from "chai";
import { openTyping } from "../../gateway/typing-notices.ts";
import { ALICE, deliveryWorld, JULIET, PHONE, turn } from "./delivery/delivery-world.ts";

const PAIR = { aor: ALICE, jid: "juliet@xmpp.test" };
const MOBILE = "sip:alice@127.0.0.1:5072";
const COMPOSING = { state: "active", refreshSeconds: 60 } as const;

/** Both sides have shown that they understand typing notices. */
async function setUp() {
  const world = await deliveryWorld({ contacts: [PHONE, MOBILE] });
  const typing = openTyping(world);
  world.features.learn(ALICE, MOBILE, "composing");
  typing.onChatStateFromXmpp(PAIR, "active");
  world.link.sent.length = 0;
  world.engine.sent.length = 0;
  return { ...world, typing };
}

describe("RFC 3994 typing, told to phones", () => {
  it("in a MESSAGE that is worth nothing later, to those that understand it alone", async () => {
    const { typing, engine } = await setUp();
    typing.onChatStateFromXmpp(PAIR, "composing");
    expect(engine.uris).to.deep.equal([MOBILE]);
    const { from, to, headers = [], body, timeoutMs } = engine.sent[0]?.request ?? {};
    expect({ from, to }).to.deep.equal({ from: "<sip:juliet@xmpp.test>", to: "<sip:alice@sip.test>" });
    expect(new Map(headers).get("Content-Type")).to.equal("application/im-iscomposing+xml");
    expect(new Map(headers).get("Expires")).to.equal("0");
    expect(String(body)).to.include("<state>active</state>");
    expect(timeoutMs).to.equal(5_000);
  });

  it("RFC 3261 §21.4.13: never again to one that answers 415, and its failure causes nothing", async () => {
    const { typing, engine, link, rows } = await setUp();
    typing.onChatStateFromXmpp(PAIR, "composing");
    engine.sent[0]?.answer(415);
    await turn();
    typing.onChatStateFromXmpp(PAIR, "paused");
    typing.onChatStateFromXmpp(PAIR, "composing");
    expect(engine.sent).to.have.length(1);
    expect(link.sent).to.deep.equal([]);
    expect(rows.size).to.equal(0);
  });
});

describe("XEP-0085 typing, told to XMPP clients", () => {
  it("as a message of its own from the AOR to the person, not to be stored", async () => {
    const { typing, link } = await setUp();
    typing.onComposingFromSip(PAIR, COMPOSING);
    const stanza = link.sent[0]?.stanza;
    expect(stanza?.attrs).to.deep.include({ from: ALICE, to: "juliet@xmpp.test", type: "chat" });
    expect(stanza?.getChild("composing", "http://jabber.org/protocol/chatstates")).to.not.equal(undefined);
    expect(stanza?.getChild("no-store", "urn:xmpp:hints")).to.not.equal(undefined);
    expect(stanza?.getChild("body")).to.equal(undefined);
  });

  it("XEP-0296 §2: to the resource that replied, within the thread of the conversation", async () => {
    const { typing, link, conversations } = await setUp();
    conversations.touch(PAIR, "sip", {});
    conversations.touch(PAIR, "xmpp", { xmppFull: JULIET, thread: "t1" });
    typing.onComposingFromSip(PAIR, COMPOSING);
    expect(link.sent[0]?.stanza.attrs["to"]).to.equal(JULIET);
    expect(link.sent[0]?.stanza.getChildText("thread")).to.equal("t1");
  });

  it("is not kept for a server that is away: late, it says nothing", async () => {
    const { typing, link } = await setUp();
    link.state = "waiting";
    typing.onComposingFromSip(PAIR, COMPOSING);
    expect(link.sent).to.deep.equal([]);
  });
});

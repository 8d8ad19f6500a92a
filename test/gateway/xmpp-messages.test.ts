import { expect } from "chai";
import { parse } from "ltx";
import { XmppMessages } from "../../gateway/xmpp-messages.ts";
import { errorReply } from "../../xmpp/stanza-error.ts";
import {
  ALICE,
  type DeliveryWorld,
  deliveryWorld,
  imWith,
  JULIET,
  turn,
  type WorldOptions,
} from "./delivery/delivery-world.ts";
import { FakeResponder } from "./delivery/fake-responder.ts";

const PAIR = { aor: ALICE, jid: "juliet@xmpp.test" };
const CHAT_STATES = "http://jabber.org/protocol/chatstates";
const OMEMO = "eu.siacs.conversations.axolotl";

async function setUp(options?: WorldOptions) {
  const world = await deliveryWorld(options);
  const messages = new XmppMessages({ ...world, isKnown: (aor) => aor === ALICE || aor === "bob@sip.test" });
  const receive = (inner: string, attributes: Readonly<Record<string, string>> = {}) => {
    const all = { type: "chat", id: "m1", from: JULIET, to: ALICE, ...attributes };
    const text = Object.entries(all).map(([name, value]) => `${name}="${value}"`);
    messages.onMessage(parse(`<message xmlns="jabber:component:accept" ${text.join(" ")}>${inner}</message>`));
  };
  return { ...world, messages, receive, conditions: () => conditionsOf(world) };
}

function conditionsOf({ link }: DeliveryWorld): readonly (string | undefined)[] {
  return link.sent.map(({ stanza }) => stanza.getChild("error")?.getChildElements()[0]?.name);
}

describe("RFC 6121 §5 a message stanza from an XMPP user", () => {
  it("with a text goes to the phone of its recipient, and opens a conversation", async () => {
    const { engine, conversations, receive } = await setUp();
    receive("<body>Romeo?</body><thread>t1</thread>");
    expect(engine.bodies).to.deep.equal(["Romeo?"]);
    expect(conversations.of(PAIR)).to.deep.include({ fromXmpp: 1, thread: "t1" });
  });

  it("without anything for a person goes nowhere", async () => {
    const { engine, conversations, link, receive } = await setUp();
    receive("<thread>t1</thread>");
    receive(`<composing xmlns="${CHAT_STATES}"/>`);
    expect(engine.sent).to.deep.equal([]);
    expect(link.sent).to.deep.equal([]);
    expect(conversations.list()).to.deep.equal([]);
  });

  it("that came before with the same id and text is dropped, and counted", async () => {
    const { engine, counters, link, receive } = await setUp();
    for (const body of ["one", "one", "two"]) receive(`<body>${body}</body>`);
    engine.sent[0]?.answer(200);
    await turn();
    expect(engine.bodies).to.deep.equal(["one", "two"]);
    expect(counters.snapshot()).to.include({ "im.duplicates": 1 });
    expect(link.sent).to.deep.equal([]);
  });

  it("whose sender was told that it failed may come again under its id", async () => {
    const { engine, receive } = await setUp();
    receive("<body>one</body>");
    engine.sent[0]?.answer(486);
    await turn();
    receive("<body>one</body>");
    await turn();
    expect(engine.bodies).to.deep.equal(["one", "one"]);
  });

  it("gives phones a fresh Call-ID, its client's id stays on the XMPP side", async () => {
    const { engine, receive } = await setUp();
    receive("<body>one</body>");
    engine.sent[0]?.answer(200);
    await turn();
    receive("<body>two</body>");
    await turn();
    expect(new Set([...engine.callIds, "m1"]).size).to.equal(3);
  });

  /** What is refused, by what an operator or a sender has done. */
  // biome-ignore format: table
  const REFUSED: readonly { readonly why: string; readonly attributes?: Record<string, string>; readonly inner?: string; readonly condition: string }[] = [
    { why: "to nobody",            attributes: { to: "nobody@sip.test" },  condition: "item-not-found" },
    { why: "to the domain itself", attributes: { to: "sip.test" },         condition: "item-not-found" },
    { why: "to a room",            attributes: { type: "groupchat" },      condition: "service-unavailable" },
    { why: "too large",            inner: "x".repeat(10_001),              condition: "policy-violation" },
  ];
  for (const { why, attributes, inner = "Romeo?", condition } of REFUSED) {
    it(`${why} is refused: ${condition}`, async () => {
      const { engine, conversations, conditions, counters, receive } = await setUp();
      receive(`<body>${inner}</body>`, attributes);
      expect(conditions()).to.deep.equal([condition]);
      expect(engine.sent).to.deep.equal([]);
      expect(conversations.list()).to.deep.equal([]);
      expect(counters.snapshot()).to.include({ "im.refused": 1 });
    });
  }

  for (const name of ["im.enabled", "im-gateway.status"] as const) {
    it(`${name} off: refused`, async () => {
      const { engine, set, conditions, receive } = await setUp();
      await set(name, "off");
      receive("<body>Romeo?</body>");
      expect(conditions()).to.deep.equal(["not-allowed"]);
      expect(engine.sent).to.deep.equal([]);
    });
  }

  it("with an unusable address is dropped", async () => {
    const { engine, link, receive } = await setUp();
    receive("<body>Romeo?</body>", { from: "@xmpp.test" });
    receive("<body>Romeo?</body>", { to: "@" });
    expect(engine.sent).to.deep.equal([]);
    expect(link.sent).to.deep.equal([]);
  });

  it("RFC 6121 §5.2.2: the failure of a headline is told to nobody", async () => {
    const { engine, link, rows, settled, receive } = await setUp();
    receive("<body>News</body>", { type: "headline" });
    engine.sent[0]?.answer(486);
    await settled();
    expect(link.sent).to.deep.equal([]);
    expect(rows.size).to.equal(0);
  });
});

describe("XEP-0384 an encrypted message", () => {
  const ENCRYPTED = `<body>You got an OMEMO message</body><encrypted xmlns="${OMEMO}"><payload>AA==</payload></encrypted>`;
  const ASKING = `${ENCRYPTED}<request xmlns="urn:xmpp:receipts"/>`;

  it("is refused to its sender, and its recipient reads that there was one", async () => {
    const { engine, conditions, receive } = await setUp();
    receive(ASKING);
    expect(conditions()).to.deep.equal(["not-acceptable"]);
    expect(engine.bodies).to.have.length(1);
    expect(engine.bodies[0]).to.match(/encrypted/i);
  });

  it("the notice of it confirms nothing, and its failure is told to nobody", async () => {
    for (const status of [200, 486]) {
      const { engine, link, receive, settled, rows } = await setUp();
      receive(ASKING);
      engine.sent[0]?.answer(status);
      await settled();
      expect(link.sent, "the refusal alone").to.have.length(1);
      expect(rows.size).to.equal(0);
    }
  });

  it("that brings keys alone says nothing to anybody", async () => {
    const { engine, link, receive } = await setUp();
    receive(`<encrypted xmlns="${OMEMO}"><header sid="1"/></encrypted>`);
    expect(engine.sent).to.deep.equal([]);
    expect(link.sent).to.deep.equal([]);
  });
});

describe("the lock on a resource", () => {
  async function lockedToBalcony() {
    const world = await setUp();
    world.conversations.touch(PAIR, "sip", {});
    world.receive("<body>Romeo?</body>");
    const presence = (type: string | undefined, from: string) => {
      const attribute = type === undefined ? "" : ` type="${type}"`;
      world.messages.onPresence(parse(`<presence from="${from}" to="${ALICE}"${attribute}/>`));
    };
    return { ...world, presence, lock: () => world.conversations.of(PAIR)?.xmppLock };
  }

  it("is taken by a reply", async () => {
    expect((await lockedToBalcony()).lock()).to.equal(JULIET);
  });

  it("XEP-0085 §5.3, XEP-0296 §2.3: goes with the chat state gone", async () => {
    const { receive, lock } = await lockedToBalcony();
    for (const state of ["active", "composing", "paused", "inactive"]) receive(`<${state} xmlns="${CHAT_STATES}"/>`);
    expect(lock()).to.equal(JULIET);
    receive(`<gone xmlns="${CHAT_STATES}"/>`);
    expect(lock()).to.equal(undefined);
  });

  it("XEP-0203: a gone of long ago, kept by a server, does not release it", async () => {
    const { receive, lock } = await lockedToBalcony();
    receive(`<gone xmlns="${CHAT_STATES}"/><delay xmlns="urn:xmpp:delay" stamp="2020-01-01T00:00:00Z"/>`);
    expect(lock()).to.equal(JULIET);
  });

  it("RFC 6121 §4.5: goes with unavailable presence of that resource", async () => {
    const { presence, lock } = await lockedToBalcony();
    for (const from of ["juliet@xmpp.test", "juliet@xmpp.test/chamber", "romeo@xmpp.test/balcony", "@"]) {
      presence("unavailable", from);
    }
    for (const type of [undefined, "error", "unsubscribed"]) presence(type, JULIET);
    expect(lock()).to.equal(JULIET);
    presence("unavailable", JULIET);
    expect(lock()).to.equal(undefined);
  });
});

describe("RFC 6120 §8.3.1 an error stanza", () => {
  /** Alice's IM has gone to Juliet, and the server has taken it. */
  async function afterDelivery() {
    const world = await setUp();
    world.engine.answers = () => 200;
    const accepted = imWith("a", { jid: "juliet@xmpp.test" });
    world.delivery.sipToXmpp.deliver(accepted, "conv1", new FakeResponder());
    const sent = world.link.sent[0];
    sent?.settle({ outcome: "processed" });
    const error = sent && errorReply(sent.stanza, { condition: "item-not-found" });
    if (error === undefined) throw new Error("nothing was sent");
    return { ...world, error };
  }

  it("about an IM of a SIP user becomes one failure message", async () => {
    const { messages, engine, error } = await afterDelivery();
    messages.onMessage(error);
    messages.onMessage(error);
    await turn();
    expect(engine.bodies).to.have.length(1);
    expect(engine.bodies[0]).to.include("item-not-found");
  });

  it("is never answered, nor is its body anybody's IM", async () => {
    const { link, engine, receive } = await setUp();
    receive("<body>Romeo?</body><error type='cancel'/>", { type: "error" });
    receive("<body>Romeo?</body><error type='cancel'/>", { type: "error", to: "nobody@sip.test" });
    await turn();
    expect(engine.sent).to.deep.equal([]);
    expect(link.sent).to.deep.equal([]);
  });
});

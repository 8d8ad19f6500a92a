import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { Accounts } from "../../gateway/accounts.ts";
import { IdentityPolicy } from "../../gateway/policy/identity.ts";
import { SipMessages } from "../../gateway/sip-messages.ts";
import { DigestAuthenticator } from "../../sip/digest.ts";
import type { SipRequest } from "../../sip/message.ts";
import { ALICE, deliveryWorld, JULIET, PHONE, turn, type WorldOptions } from "./delivery/delivery-world.ts";
import { FakeResponder } from "./delivery/fake-responder.ts";
import { requestWith } from "./sip-request.ts";

const BOB = "bob@sip.test";
const TO_ALICE = "sip:alice@sip.test";
const TO_JULIET = "sip:juliet@xmpp.test";
const IMDN = `<?xml version="1.0"?><imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>m1</message-id>
<delivery-notification><status><delivered/></status></delivery-notification></imdn>`;

interface Written {
  readonly to: string;
  readonly text?: string;
  readonly from?: string;
  readonly fields?: Readonly<Record<string, string>>;
}

/** A MESSAGE, by default Bob's. */
function messageOf({ to, text = "Hello", from = BOB, fields = {} }: Written): SipRequest {
  const head = { From: `<sip:${from}>;tag=1`, "Content-Type": "text/plain", ...fields };
  return { ...requestWith({ method: "MESSAGE", uri: to }, head), body: Buffer.from(text) };
}

async function setUp(options?: WorldOptions) {
  const world = await deliveryWorld(options);
  await world.delivery.start();
  const users = { list: async () => [], get: async () => undefined, put: async () => {}, remove: async () => false };
  const identity = new IdentityPolicy({
    ...world,
    authentication: "none",
    digest: new DigestAuthenticator({ realms: ["sip.test"], secret: randomBytes(32), clock: world.clock }),
    accounts: await Accounts.load(users),
  });
  const messages = new SipMessages({ ...world, identity, isKnown: (aor) => aor === ALICE || aor === BOB });
  const receive = async (written: Written) => {
    const responder = new FakeResponder();
    await messages.onMessage(messageOf(written), responder);
    await turn();
    return responder;
  };
  return { ...world, receive, sentTo: () => world.link.sent.map(({ stanza }) => stanza.attrs["to"]) };
}

describe("RFC 3428 §7 a MESSAGE to an XMPP user", () => {
  it("becomes a stanza, and is answered when the server has it", async () => {
    const { link, conversations, receive } = await setUp();
    const { statuses } = await receive({ to: TO_JULIET });
    expect(statuses).to.deep.equal([]);
    expect(link.sent[0]?.stanza.getChildText("body")).to.equal("Hello");
    expect(conversations.of({ aor: BOB, jid: "juliet@xmpp.test" })).to.deep.include({ fromSip: 1, callId: "call1" });
  });

  it("RFC 3261 §8.2.2.2: a copy by another way is one IM, and is answered like the first", async () => {
    const { link, counters, receive } = await setUp();
    const first = await receive({ to: TO_JULIET });
    const copy = await receive({
      to: TO_JULIET,
      fields: { Via: "SIP/2.0/TCP 127.0.0.1:5071;branch=z9hG4bK2" },
    });
    link.sent[0]?.settle({ outcome: "processed" });
    expect(link.sent).to.have.length(1);
    expect([first.statuses, copy.statuses]).to.deep.equal([[200], [200]]);
    expect(counters.snapshot()).to.include({ "im.duplicates": 1 });
  });

  it("goes to the resource that replied, unless the sender names one or im.forking is all", async () => {
    const { conversations, set, receive, sentTo } = await setUp();
    const pair = { aor: BOB, jid: "juliet@xmpp.test" };
    conversations.touch(pair, "sip", {});
    conversations.touch(pair, "xmpp", { xmppFull: JULIET });
    await receive({ to: TO_JULIET });
    await receive({ to: `${TO_JULIET};gr=chamber`, fields: { "Call-ID": "call2" } });
    await set("im.forking", "all");
    await receive({ to: TO_JULIET, fields: { "Call-ID": "call3" } });
    expect(sentTo()).to.deep.equal([JULIET, "juliet@xmpp.test/chamber", "juliet@xmpp.test"]);
  });

  it("is locked to the phone that it came from", async () => {
    const { conversations, receive } = await setUp();
    const pair = { aor: ALICE, jid: "juliet@xmpp.test" };
    conversations.touch(pair, "xmpp", {});
    await receive({ to: TO_JULIET, from: ALICE });
    expect(conversations.of(pair)?.sipLock).to.equal(PHONE);
  });

  it("shows by its type and its Accept what its phone understands", async () => {
    const { features, receive } = await setUp();
    await receive({ to: TO_JULIET, from: ALICE, fields: { Accept: "text/plain, message/cpim" } });
    expect(features.has(ALICE, PHONE, "cpim")).to.equal(true);
    expect(features.has(ALICE, PHONE, "imdn")).to.equal(false);
    const type = { "Content-Type": "message/imdn+xml", "Call-ID": "call2" };
    await receive({ to: TO_JULIET, from: ALICE, text: IMDN, fields: type });
    expect(features.has(ALICE, PHONE, "imdn")).to.equal(true);
  });

  for (const [what, type, text] of [
    ["an IMDN", "message/imdn+xml", IMDN],
    ["no text", "text/plain", ""],
  ] as const) {
    it(`${what} is answered 200, and nothing is sent that nobody waits for`, async () => {
      const { link, conversations, receive } = await setUp();
      const { statuses } = await receive({ to: TO_JULIET, text, fields: { "Content-Type": type } });
      expect(statuses).to.deep.equal([200]);
      expect(link.sent).to.deep.equal([]);
      expect(conversations.list()).to.deep.equal([]);
    });
  }

  it("RFC 3261 §21.4.13: of a type that nobody could read: 415 with what can be", async () => {
    const { receive } = await setUp();
    const { answers } = await receive({ to: TO_JULIET, fields: { "Content-Type": "image/png" } });
    expect(answers[0]?.status).to.equal(415);
    const accept = new Map(answers[0]?.answer?.headers).get("Accept");
    expect(accept).to.include("text/plain").and.include("message/cpim");
  });

  it("RFC 3261 §8.2.2.3: that requires an extension: 420", async () => {
    const { link, receive } = await setUp();
    const { answers } = await receive({ to: TO_JULIET, fields: { Require: "timeless" } });
    expect(answers[0]).to.deep.include({ status: 420 });
    expect(new Map(answers[0]?.answer?.headers).get("Unsupported")).to.equal("timeless");
    expect(link.sent).to.deep.equal([]);
  });
});

describe("what a MESSAGE is refused with", () => {
  // biome-ignore format: table
  const REFUSED: readonly { readonly why: string; readonly written: Written; readonly status: number }[] = [
    { why: "a domain that nobody here answers for", written: { to: "sip:juliet@elsewhere.test" }, status: 404 },
    { why: "RFC 3261 §26.2.2 a sips: address",      written: { to: "sips:juliet@xmpp.test" },     status: 416 },
    { why: "no such SIP user",                      written: { to: "sip:nobody@sip.test" },       status: 404 },
    { why: "too large, to XMPP",                    written: { to: TO_JULIET, text: "x".repeat(10_001) }, status: 413 },
    { why: "too large, to SIP",                     written: { to: TO_ALICE, text: "x".repeat(10_001) },  status: 413 },
    { why: "a sender of another domain",            written: { to: TO_ALICE, from: "mallory@elsewhere.test" }, status: 403 },
  ];
  for (const { why, written, status } of REFUSED) {
    it(`${why}: ${status}`, async () => {
      const { engine, link, receive } = await setUp();
      expect((await receive(written)).statuses).to.deep.equal([status]);
      expect(engine.proxied).to.deep.equal([]);
      expect(link.sent).to.deep.equal([]);
    });
  }

  it("im-gateway.status off: 403 across, with the error message; within SIP it goes on", async () => {
    const { set, receive } = await setUp();
    await set("im-gateway.status", "off");
    await set("im-gateway.error-message", "No.");
    const across = await receive({ to: TO_JULIET });
    expect(across.answers[0]?.status).to.equal(403);
    expect(across.answers[0]?.answer?.reason).to.match(/^No\. /);
    expect((await receive({ to: TO_ALICE })).statuses).to.deep.equal([200]);
  });

  it("im.enabled off: 403 for all", async () => {
    const { set, receive } = await setUp();
    await set("im.enabled", "off");
    for (const to of [TO_JULIET, TO_ALICE]) expect((await receive({ to })).statuses).to.deep.equal([403]);
  });
});

describe("RFC 3428 §6 a MESSAGE to another SIP user", () => {
  it("is proxied to each of the phones, and their answer goes back", async () => {
    const { engine, rows, receive } = await setUp();
    expect((await receive({ to: TO_ALICE })).statuses).to.deep.equal([200]);
    expect(engine.proxied[0]?.options.targets.map(({ uri }) => uri)).to.deep.equal([PHONE]);
    expect(rows.size).to.equal(0);
  });

  it("§7: who is away: 202 once it is on disk, and a phone has it from its sender when it registers", async () => {
    const { engine, states, register, settled, receive } = await setUp({ contacts: [] });
    expect((await receive({ to: TO_ALICE })).statuses).to.deep.equal([202]);
    expect(states()).to.deep.equal(["stored"]);
    engine.answers = () => 200;
    await register(PHONE);
    await settled();
    const { from, to, uri, body } = engine.sent[0]?.request ?? {};
    expect({ from, to, uri, body: String(body) }).to.deep.equal({
      from: "<sip:bob@sip.test>",
      to: "<sip:alice@sip.test>",
      uri: PHONE,
      body: "Hello",
    });
    expect(states()).to.deep.equal([]);
  });

  it("that was kept and fails: its sender reads it in a MESSAGE", async () => {
    const { engine, link, register, receive } = await setUp({ contacts: [] });
    await register("sip:bob@127.0.0.1:5080", { aor: BOB });
    await receive({ to: TO_ALICE });
    engine.answers = ({ uri }) => (uri === PHONE ? 603 : 200);
    await register(PHONE);
    await turn();
    expect(engine.uris).to.deep.equal([PHONE, "sip:bob@127.0.0.1:5080"]);
    expect(engine.bodies[1]).to.include("603").and.include("“Hello”");
    expect(engine.sent[1]?.request.from).to.equal("<sip:alice@sip.test>");
    expect(link.sent).to.deep.equal([]);
  });

  it("waits behind those that wait, also when a phone is there", async () => {
    const { engine, register, receive } = await setUp({ contacts: [] });
    await receive({ to: TO_ALICE, text: "one" });
    await register(PHONE);
    await turn();
    const second = await receive({ to: TO_ALICE, text: "two", fields: { "Call-ID": "call2" } });
    expect(second.statuses).to.deep.equal([202]);
    expect(engine.proxied).to.deep.equal([]);
    engine.answers = () => 200;
    engine.sent[0]?.answer(200);
    await turn();
    expect(engine.bodies).to.deep.equal(["one", "two"]);
    await receive({ to: TO_ALICE, text: "three", fields: { "Call-ID": "call3" } });
    expect(engine.proxied, "nothing waits any more").to.have.length(1);
  });

  it("im.suppress-offline, or a full mailbox: 480 with the error message instead of 202", async () => {
    const { set, rows, receive } = await setUp({ contacts: [] });
    await set("im.suppress-offline", "on");
    const offline = await receive({ to: TO_ALICE });
    expect(offline.answers[0]?.status).to.equal(480);
    expect(offline.answers[0]?.answer?.reason).to.include("not registered");
    await set("im.suppress-offline", "off");
    await set("im.offline-quota", "0");
    expect((await receive({ to: TO_ALICE, fields: { "Call-ID": "call2" } })).statuses).to.deep.equal([480]);
    expect(rows.size).to.equal(0);
  });

  it("a disk that does not take it: 500, not 202", async () => {
    const { disk, delivery, receive } = await setUp({ contacts: [] });
    disk.broken = true;
    expect((await receive({ to: TO_ALICE })).statuses).to.deep.equal([500]);
    expect(delivery.stored).to.equal(0);
  });

  it("what nobody would read later, as an IMDN, is not kept: 480", async () => {
    const { rows, receive } = await setUp({ contacts: [] });
    const { statuses } = await receive({ to: TO_ALICE, text: IMDN, fields: { "Content-Type": "message/imdn+xml" } });
    expect(statuses).to.deep.equal([480]);
    expect(rows.size).to.equal(0);
  });
});

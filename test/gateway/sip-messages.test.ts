import { expect } from "chai";
import { ALICE, JULIET, PHONE } from "./delivery/delivery-world.ts";
import { BOB, IMDN, setUp, TO_ALICE, TO_JULIET, type Written } from "./sip-messages-world.ts";

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

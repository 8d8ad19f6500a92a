import { expect } from "chai";
import type { Failure } from "../../../gateway/delivery/failure-teller.ts";
import type { AcceptedIm, Direction } from "../../../gateway/delivery/journal.ts";
import { becauseOfRefusal, becauseOfSip, SenderNotice } from "../../../gateway/delivery/sender-notice.ts";
import { SAME_DOMAINS } from "../../../gateway/mapping/address.ts";
import { REFUSALS, refusal } from "../../../gateway/refusal.ts";
import { STANZA_ERROR_TYPE } from "../../../xmpp/stanza-error.ts";
import { ALICE, deliveryWorld, imWith, JULIET } from "./delivery-world.ts";

const GONE = becauseOfRefusal(refusal("expired"));

async function setUp() {
  const world = await deliveryWorld();
  const failures: Failure[] = [];
  const persons: Failure[] = [];
  const told: string[] = [];
  const notice = new SenderNotice({
    ...world,
    domains: SAME_DOMAINS,
    tellSipUser: (failure) => failures.push(failure),
    tellPerson: (failure) => persons.push(failure),
    isSipUser: ({ domain }) => domain === "sip.test",
  });
  const fail = (direction: Direction, accepted: AcceptedIm, because = GONE) =>
    notice.failed(direction, accepted, { because, told: () => told.push(accepted.callId) });
  return { ...world, failures, persons, told, fail };
}

describe("telling the sender of a failed IM", () => {
  it("RFC 3834 §5, RFC 6121 §5.2.2: of an automatic one nobody is told, in either direction", async () => {
    const { failures, link, told, fail } = await setUp();
    fail("to-sip", imWith("a", { im: { automatic: true } }));
    fail("to-xmpp", imWith("b", { im: { automatic: true } }));
    fail("to-sip", imWith("c", { jid: "bob@sip.test", im: { automatic: true } }));
    expect(link.sent).to.deep.equal([]);
    expect(failures).to.deep.equal([]);
    expect(told, "its row may go").to.deep.equal(["call-a", "call-b", "call-c"]);
  });

  it("a SIP user reads it as from the peer, with the text of the IM; told when a phone has it", async () => {
    const { failures, link, told, fail, clock } = await setUp();
    fail("to-xmpp", imWith("a"));
    expect(link.sent).to.deep.equal([]);
    const { settled, ...failure } = failures[0] ?? {};
    expect(failure).to.deep.equal({
      aor: ALICE,
      peer: "sip:juliet@xmpp.test",
      reason: "The user did not come back in time",
      quote: "text of a",
      at: new Date(clock.now()),
    });
    expect(told).to.deep.equal([]);
    settled?.();
    expect(told).to.deep.equal(["call-a"]);
  });

  it("an XMPP user whose IM has waited for long is told in words too, wherever she is by now", async () => {
    const { link, persons, told, fail, clock } = await setUp();
    const accepted = imWith("a");
    clock.advance(600_001);
    fail("to-sip", accepted);
    expect(link.sent.map(({ stanza }) => stanza.attrs["type"])).to.deep.equal(["error"]);
    const { settled, ...failure } = persons[0] ?? {};
    expect(failure).to.deep.equal({
      aor: "juliet@xmpp.test",
      peer: ALICE,
      reason: "The user did not come back in time",
      quote: "text of a",
      at: new Date(clock.now()),
    });
    link.sent[0]?.settle({ outcome: "processed" });
    expect(told, "the error alone may have reached nobody").to.deep.equal([]);
    settled?.();
    expect(told).to.deep.equal(["call-a"]);
  });

  it("between two SIP users it is the sender who reads it, as from the recipient", async () => {
    const { failures, link, fail } = await setUp();
    fail("to-sip", imWith("a", { jid: "bob@sip.test", stanzaId: undefined }));
    expect(link.sent).to.deep.equal([]);
    expect(failures.map(({ aor, peer }) => ({ aor, peer }))).to.deep.equal([
      { aor: "bob@sip.test", peer: "sip:alice@sip.test" },
    ]);
  });

  it("RFC 6120 §8.3: an XMPP user has an error stanza with the id of the IM; told when the server has it", async () => {
    const { failures, link, told, fail } = await setUp();
    fail("to-sip", imWith("a"));
    expect(failures).to.deep.equal([]);
    const stanza = link.sent[0]?.stanza;
    expect(stanza?.attrs).to.deep.include({ type: "error", id: "a", from: ALICE, to: JULIET });
    const error = stanza?.getChild("error");
    expect(error?.attrs["type"]).to.equal("cancel");
    expect(error?.getChildText("text")).to.equal("Not delivered. The user did not come back in time");
    expect(told).to.deep.equal([]);
    link.sent[0]?.settle({ outcome: "processed" });
    expect(told).to.deep.equal(["call-a"]);
  });

  it("a stop of the link before that: not told, so that the next start tells", async () => {
    const { link, told, fail } = await setUp();
    fail("to-sip", imWith("a"));
    link.sent[0]?.settle({ outcome: "cancelled" });
    expect(told).to.deep.equal([]);
  });

  it("an error that the server would not take is not sent for ever", async () => {
    const { link, told, fail } = await setUp();
    fail("to-sip", imWith("a"));
    link.sent[0]?.settle({ outcome: "refused", why: "too large" });
    expect(told).to.deep.equal(["call-a"]);
  });

  it("an IM without an id: the error has none either", async () => {
    const { link, fail } = await setUp();
    fail("to-sip", imWith("a", { stanzaId: undefined }));
    expect(link.sent[0]?.stanza.attrs["id"]).to.equal(undefined);
  });

  it("its client may send it again under its old id", async () => {
    const { duplicates, fail } = await setUp();
    const accepted = imWith("a");
    duplicates.seen(accepted, accepted.im);
    fail("to-sip", accepted);
    expect(duplicates.seen(accepted, accepted.im)).to.equal(false);
  });

  it("a component that is not configured any more: nobody is told, and the row stays", async () => {
    const { link, told, fail } = await setUp();
    fail("to-sip", imWith("a", { aor: "alice@elsewhere.test" }));
    expect(link.sent).to.deep.equal([]);
    expect(told).to.deep.equal([]);
  });
});

describe("what a sender reads", () => {
  for (const [code, row] of Object.entries(REFUSALS)) {
    it(`RFC 6120 §8.3.3 ${code}: ${row.condition}, and its text`, async () => {
      const { link, fail } = await setUp();
      fail("to-sip", imWith("a"), becauseOfRefusal(refusal(code as keyof typeof REFUSALS)));
      const error = link.sent[0]?.stanza.getChild("error");
      expect(error?.getChild(row.condition, "urn:ietf:params:xml:ns:xmpp-stanzas")).to.not.equal(undefined);
      expect(error?.attrs["type"]).to.equal("type" in row ? row.type : STANZA_ERROR_TYPE[row.condition]);
      expect(error?.getChildText("text")).to.equal(`Not delivered. ${row.text}`);
    });
  }

  it("RFC 7247 §7: the answer of a phone, with its own words", () => {
    expect(becauseOfSip({ status: 486, reason: "Beim Arzt" }, SAME_DOMAINS)).to.deep.equal({
      condition: "recipient-unavailable",
      why: "(SIP 486 Beim Arzt)",
    });
  });

  it("RFC 7247 §7: a 301 brings the new address", () => {
    const moved = { status: 301, reason: "Moved", contact: "<sip:alice@xmpp.test>" };
    expect(becauseOfSip(moved, SAME_DOMAINS)).to.deep.include({ condition: "gone", address: "xmpp:alice@xmpp.test" });
  });
});

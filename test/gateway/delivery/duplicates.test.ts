import { expect } from "chai";
import { DuplicateStanzas, MergedRequests } from "../../../gateway/delivery/duplicates.ts";
import type { Answer, Responder } from "../../../sip/engine.ts";
import type { SipRequest } from "../../../sip/message.ts";
import { FakeClock } from "../../sip/fake-clock.ts";
import { requestWith } from "../sip-request.ts";

const BALCONY = { jid: "juliet@xmpp.test/balcony", aor: "romeo@sip.test" };
const IM = { id: "1", text: "Romeo?" };

describe("a message stanza that came before", () => {
  function setUp() {
    const clock = new FakeClock();
    return { clock, duplicates: new DuplicateStanzas({ clock }) };
  }

  it("has the same id, text and full JID", () => {
    const { duplicates } = setUp();
    expect(duplicates.seen(BALCONY, IM)).to.equal(false);
    expect(duplicates.seen(BALCONY, IM)).to.equal(true);
    expect(duplicates.seen(BALCONY, { ...IM, id: "2" })).to.equal(false);
    expect(duplicates.seen(BALCONY, { ...IM, text: "Romeo!" })).to.equal(false);
    expect(duplicates.seen({ ...BALCONY, jid: "juliet@xmpp.test/chamber" }, IM)).to.equal(false);
    expect(duplicates.seen({ ...BALCONY, aor: "mercutio@sip.test" }, IM)).to.equal(false);
  });

  it("XEP-0359: or the same origin-id under another id", () => {
    const { duplicates } = setUp();
    expect(duplicates.seen(BALCONY, { ...IM, originId: "o" })).to.equal(false);
    expect(duplicates.seen(BALCONY, { ...IM, id: "2", originId: "o" })).to.equal(true);
    expect(duplicates.seen(BALCONY, { text: IM.text, originId: "o" })).to.equal(true);
    expect(duplicates.seen(BALCONY, { ...IM, id: "2", originId: "o2" })).to.equal(true);
    expect(duplicates.seen(BALCONY, { ...IM, id: "3", originId: "o3" })).to.equal(false);
  });

  it("is none without any id", () => {
    const { duplicates } = setUp();
    expect(duplicates.seen(BALCONY, { text: "Romeo?" })).to.equal(false);
    for (const id of ["", ""]) expect(duplicates.seen(BALCONY, { ...IM, id })).to.equal(false);
    expect(duplicates.seen(BALCONY, { text: "Romeo?" })).to.equal(false);
  });

  it("is forgotten five minutes after its last copy, and at once when its sender was told that it failed", () => {
    const { clock, duplicates } = setUp();
    duplicates.seen(BALCONY, IM);
    clock.advance(299_999);
    expect(duplicates.seen(BALCONY, IM)).to.equal(true);
    clock.advance(300_000);
    expect(duplicates.seen(BALCONY, IM)).to.equal(false);
    duplicates.forget(BALCONY, IM);
    expect(duplicates.seen(BALCONY, IM)).to.equal(false);
  });

  it("no part of one can be taken for a part of another", () => {
    const { duplicates } = setUp();
    expect(duplicates.seen({ jid: "a@b/c", aor: "d@e" }, { id: "1", text: "23" })).to.equal(false);
    expect(duplicates.seen({ jid: "a@b/c", aor: "d@e" }, { id: "12", text: "3" })).to.equal(false);
    expect(duplicates.seen({ jid: "a@b/c1", aor: "d@e" }, { id: "1", text: "3" })).to.equal(false);
    expect(duplicates.seen({ jid: "a@b/c", aor: "d@e" }, { id: "1:1", text: "2:23" })).to.equal(false);
  });
});

/** A responder that keeps its answers. */
class HeardAnswers implements Responder {
  readonly all: { readonly status: number; readonly answer: Answer | undefined }[] = [];

  get answered(): boolean {
    return this.all.some(({ status }) => status >= 200);
  }

  respond(status: number, answer?: Answer): void {
    this.all.push({ status, answer });
  }
}

function merging() {
  const clock = new FakeClock();
  const merged = new MergedRequests({ clock });
  const join = (request: SipRequest) => {
    const heard = new HeardAnswers();
    return { heard, responder: merged.join(request, heard) };
  };
  const answersExactCopy = (request: SipRequest) => {
    const heard = new HeardAnswers();
    return { heard, done: merged.answersExactCopy(request, heard) };
  };
  return { clock, join, answersExactCopy };
}

const copyOver = (branch: string, fields: Readonly<Record<string, string>> = {}) =>
  requestWith({ method: "MESSAGE" }, { Via: `SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK${branch}`, ...fields });

describe("RFC 3261 §8.2.2.2 merged requests", () => {
  const REFUSED: Answer = { reason: "Busy Here", headers: [["Retry-After", "5"]], body: Buffer.from("later") };

  it("a copy that comes before the answer is answered with the first, in full", () => {
    const { join } = merging();
    const [first, second, third] = [join(copyOver("1")), join(copyOver("2")), join(copyOver("3"))];
    expect([second.responder, third.responder]).to.deep.equal([undefined, undefined]);
    expect(first.responder?.answered).to.equal(false);
    first.responder?.respond(486, REFUSED);
    expect(first.responder?.answered).to.equal(true);
    for (const { heard } of [first, second, third]) {
      expect(heard.all).to.deep.equal([{ status: 486, answer: REFUSED }]);
    }
  });

  it("a copy that comes after the answer is answered like the first at once", () => {
    const { clock, join } = merging();
    join(copyOver("1")).responder?.respond(200);
    clock.advance(31_999);
    const late = join(copyOver("2"));
    expect(late.responder).to.equal(undefined);
    expect(late.heard.all).to.deep.equal([{ status: 200, answer: undefined }]);
  });

  it("after 32 s it is a request like any other", () => {
    const { clock, join } = merging();
    join(copyOver("1")).responder?.respond(200);
    clock.advance(32_000);
    expect(join(copyOver("2")).responder).to.not.equal(undefined);
  });

  it("only a request of the same Call-ID, CSeq, From tag, Request-URI and body is a copy", () => {
    const { join } = merging();
    join(copyOver("1"));
    const others = [
      copyOver("2", { "Call-ID": "call2" }),
      copyOver("3", { CSeq: "2 MESSAGE" }),
      copyOver("4", { From: "<sip:alice@sip.test>;tag=2" }),
      { ...copyOver("5"), uri: "sip:nurse@xmpp.test" },
      { ...copyOver("6"), body: Buffer.from("another text") },
    ];
    for (const other of others) expect(join(other).responder).to.not.equal(undefined);
  });

  it("requests without a From tag are never merged", () => {
    const { join } = merging();
    const untagged = { From: "<sip:alice@sip.test>" };
    join(copyOver("1", untagged)).responder?.respond(200);
    const { heard, responder } = join(copyOver("2", untagged));
    expect(heard.all).to.deep.equal([]);
    responder?.respond(202);
    expect(heard.all.map(({ status }) => status)).to.deep.equal([202]);
  });

  it("RFC 7616 §5.5: an exact copy has the first one's answer, though its credentials are used up; with others it proves itself", () => {
    const { join, answersExactCopy } = merging();
    const proof = { "Proxy-Authorization": 'Digest username="alice", nc=00000001' };
    expect(answersExactCopy(copyOver("1", proof)).done).to.equal(false);
    join(copyOver("1", proof)).responder?.respond(403);
    const copy = answersExactCopy(copyOver("2", proof));
    expect(copy.done).to.equal(true);
    expect(copy.heard.all.map(({ status }) => status)).to.deep.equal([403]);
    const other = { "Proxy-Authorization": 'Digest username="alice", nc=00000002' };
    for (const fields of [other, {}]) {
      const { done, heard } = answersExactCopy(copyOver("3", fields));
      expect([done, heard.all]).to.deep.equal([false, []]);
    }
  });

  for (const status of [401, 407]) {
    it(`§22: after a ${status} the request comes again, with a new CSeq or not`, () => {
      const { join } = merging();
      const [first, copy] = [join(copyOver("1")), join(copyOver("2"))];
      first.responder?.respond(status);
      expect(copy.heard.all.map((each) => each.status)).to.deep.equal([status]);
      expect(join(copyOver("3")).responder).to.not.equal(undefined);
      expect(join(copyOver("4", { CSeq: "2 MESSAGE" })).responder).to.not.equal(undefined);
    });
  }

  it("a provisional answer concerns the first copy alone", () => {
    const { join } = merging();
    const [first, copy] = [join(copyOver("1")), join(copyOver("2"))];
    first.responder?.respond(100);
    expect(copy.heard.all).to.deep.equal([]);
    first.responder?.respond(202);
    expect(first.heard.all.map(({ status }) => status)).to.deep.equal([100, 202]);
    expect(copy.heard.all.map(({ status }) => status)).to.deep.equal([202]);
  });

  it("a second final answer reaches the first copy's own responder, which reports it, and no other", () => {
    const { join } = merging();
    const [first, copy] = [join(copyOver("1")), join(copyOver("2"))];
    first.responder?.respond(200);
    first.responder?.respond(500);
    expect(first.heard.all.map(({ status }) => status)).to.deep.equal([200, 500]);
    expect(copy.heard.all.map(({ status }) => status)).to.deep.equal([200]);
    expect(join(copyOver("3")).heard.all.map(({ status }) => status)).to.deep.equal([200]);
  });

  it("more copies than a phone has ways get 482, as the RFC has it", () => {
    const { join } = merging();
    const first = join(copyOver("first"));
    const copies = Array.from({ length: 17 }, (_, index) => join(copyOver(String(index))));
    expect(copies.at(-1)?.heard.all.map(({ status }) => status)).to.deep.equal([482]);
    first.responder?.respond(200);
    expect(copies.flatMap(({ heard }) => heard.all.map(({ status }) => status))).to.deep.equal([
      ...Array.from({ length: 16 }, () => 200),
      482,
    ]);
  });
});

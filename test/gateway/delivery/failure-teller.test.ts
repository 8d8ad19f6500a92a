import { expect } from "chai";
import { Counters } from "../../../gateway/counters.ts";
import type { FailureMessage } from "../../../gateway/delivery/failure-message.ts";
import { type Failure, FailureTeller } from "../../../gateway/delivery/failure-teller.ts";
import { FakeClock } from "../../sip/fake-clock.ts";
import { logLines } from "../log-lines.ts";
import { SILENT } from "../silent-log.ts";

const ALICE = "alice@sip.test";
const JULIET = "sip:juliet@xmpp.test";
const ROMEO = "sip:romeo@xmpp.test";

/** Lets what was promised by now happen. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function setUp({ log = SILENT, started = true } = {}) {
  const clock = new FakeClock();
  const counters = new Counters();
  const sent: FailureMessage[] = [];
  const settled: string[] = [];
  const phone = { answer: async (_message: FailureMessage): Promise<boolean> => true };
  const teller = new FailureTeller({
    send: (message) => {
      sent.push(message);
      return phone.answer(message);
    },
    failureText: (detail) => `Failed. ${detail}`,
    clock,
    log,
    counters,
  });
  if (started) teller.start();
  const fail = (quote: string, over: Partial<Failure> = {}) =>
    teller.tell({
      aor: ALICE,
      peer: JULIET,
      reason: "Not Found",
      quote,
      at: new Date(clock.now()),
      settled: () => settled.push(quote),
      ...over,
    });
  const wait = async (ms: number) => {
    clock.advance(ms);
    await turn();
  };
  return { teller, clock, counters, sent, settled, phone, fail, wait, texts: () => sent.map(({ text }) => text) };
}

/** A phone that answers when the test says so. */
function laterAnswer() {
  let give: (taken: boolean) => void = () => {};
  const answer = () => new Promise<boolean>((resolve) => (give = resolve));
  return { answer, give: (taken: boolean) => give(taken) };
}

describe("telling a SIP user of failed IMs", () => {
  it("tells the first failure of a pair at once, from the peer's address", async () => {
    const { sent, settled, fail, clock, counters } = setUp();
    fail("hello");
    await turn();
    expect(sent).to.have.length(1);
    expect(sent[0]).to.deep.include({
      aor: ALICE,
      from: JULIET,
      text: "Failed. Not Found “hello”",
      at: new Date(clock.now()),
    });
    expect(settled).to.deep.equal(["hello"]);
    expect(counters.snapshot()).to.include({ "failure-messages.sent": 1, "failure-messages.lost": 0 });
  });

  it("collects those of the next 5 s into one summary", async () => {
    const { texts, settled, fail, wait } = setUp();
    fail("0");
    await turn();
    for (let n = 1; n <= 17; n += 1) fail(String(n));
    await wait(4_999);
    expect(texts()).to.have.length(1);
    await wait(1);
    expect(texts().slice(1)).to.deep.equal([
      "Failed. 17 messages could not be delivered (Not Found). The first: “1”, the last: “17”",
    ]);
    expect(settled).to.have.length(18);
  });

  it("tells a failure that was collected alone like a single one", async () => {
    const { texts, fail, wait } = setUp();
    fail("one");
    await wait(1_000);
    fail("two");
    await wait(4_000);
    expect(texts()).to.deep.equal(["Failed. Not Found “one”", "Failed. Not Found “two”"]);
  });

  it("sends one summary per 30 s while failures go on", async () => {
    const { clock, sent, settled, fail, wait } = setUp();
    const beganAt = clock.now();
    const toldAt: number[] = [];
    for (let second = 0; second < 100; second += 1) {
      fail(String(second));
      await turn();
      while (toldAt.length < sent.length) toldAt.push((clock.now() - beganAt) / 1000);
      await wait(1_000);
    }
    expect(toldAt).to.deep.equal([0, 5, 35, 65, 95]);
    await wait(30_000);
    expect(settled).to.have.length(100);
    expect(new Set(settled).size).to.equal(100);
  });

  it("begins again with the first gap after 60 s of quiet, and keeps nothing of a quiet pair", async () => {
    const { clock, texts, fail, wait } = setUp();
    fail("one");
    fail("two");
    await wait(5_000);
    expect(texts()).to.have.length(2);
    await wait(55_000);
    expect(clock.pending).to.equal(0);
    fail("three");
    await turn();
    expect(texts()).to.have.length(3);
    fail("four");
    await wait(5_000);
    expect(texts()).to.have.length(4);
  });

  it("tells a failure that comes after the gap at once", async () => {
    const { texts, fail, wait } = setUp();
    fail("one");
    await wait(6_000);
    fail("two");
    await turn();
    expect(texts()).to.have.length(2);
  });

  it("keeps pairs apart", async () => {
    const { sent, fail } = setUp();
    fail("one");
    fail("two", { peer: ROMEO });
    fail("three", { aor: "bob@sip.test" });
    await turn();
    expect(sent.map(({ aor, from }) => [aor, from])).to.deep.equal([
      [ALICE, JULIET],
      [ALICE, ROMEO],
      ["bob@sip.test", JULIET],
    ]);
  });

  it("puts an IM that fails while a telling is under way into the next one", async () => {
    const { phone, texts, settled, fail, wait } = setUp();
    const later = laterAnswer();
    phone.answer = later.answer;
    fail("one");
    fail("two");
    await wait(20_000);
    expect(texts()).to.have.length(1);
    later.give(true);
    await turn();
    expect(settled).to.deep.equal(["one"]);
    expect(texts().slice(1)).to.deep.equal(["Failed. Not Found “two”"]);
  });

  it("gives every telling a Call-ID of its own", async () => {
    const { teller, sent, fail, phone } = setUp();
    phone.answer = async () => false;
    fail("one");
    await turn();
    teller.onRegistered(ALICE);
    await turn();
    expect(new Set(sent.map(({ callId }) => callId)).size).to.equal(2);
  });
});

describe("a telling that nobody took", () => {
  it("is told again when its user registers, as one message for each peer, and then settled once", async () => {
    const { teller, phone, sent, texts, settled, fail, wait } = setUp();
    phone.answer = async () => false;
    fail("one");
    await turn();
    fail("two");
    fail("three", { peer: ROMEO });
    await wait(3_600_000);
    expect(settled).to.deep.equal([]);
    sent.length = 0;
    phone.answer = async () => true;
    teller.onRegistered("bob@sip.test");
    await turn();
    expect(sent).to.deep.equal([]);
    teller.onRegistered(ALICE);
    await turn();
    expect(texts()).to.deep.equal([
      "Failed. 2 messages could not be delivered (Not Found). The first: “one”, the last: “two”",
      "Failed. Not Found “three”",
    ]);
    expect(settled).to.deep.equal(["one", "two", "three"]);
    teller.onRegistered(ALICE);
    await turn();
    expect(sent).to.have.length(2);
  });

  it("goes with the next failure of its pair, not more often than others", async () => {
    const { phone, texts, fail, wait } = setUp();
    phone.answer = async () => false;
    fail("one");
    await wait(10_000);
    expect(texts()).to.have.length(1);
    phone.answer = async () => true;
    fail("two");
    await turn();
    expect(texts().slice(1)).to.deep.equal([
      "Failed. 2 messages could not be delivered (Not Found). The first: “one”, the last: “two”",
    ]);
  });

  it("is not asked of a phone for every peer when it refuses the first", async () => {
    const { teller, phone, sent, fail } = setUp();
    phone.answer = async () => false;
    fail("one");
    fail("two", { peer: ROMEO });
    await turn();
    sent.length = 0;
    teller.onRegistered(ALICE);
    await turn();
    expect(sent).to.have.length(1);
  });

  it("is told again when its user registered while it was under way", async () => {
    const { teller, phone, sent, settled, fail } = setUp();
    const later = laterAnswer();
    phone.answer = later.answer;
    fail("one");
    await turn();
    teller.onRegistered(ALICE);
    await turn();
    expect(sent).to.have.length(1);
    phone.answer = async () => true;
    later.give(false);
    await turn();
    expect(sent).to.have.length(2);
    expect(settled).to.deep.equal(["one"]);
  });

  it("is told again when its user registered while it was being told again", async () => {
    const { teller, phone, sent, settled, fail } = setUp();
    phone.answer = async () => false;
    fail("one");
    await turn();
    const later = laterAnswer();
    phone.answer = later.answer;
    teller.onRegistered(ALICE);
    await turn();
    teller.onRegistered(ALICE);
    phone.answer = async () => true;
    later.give(false);
    await turn();
    expect(sent).to.have.length(3);
    expect(settled).to.deep.equal(["one"]);
  });

  it("is kept when sending it throws", async () => {
    const { log, lines } = logLines();
    const { teller, phone, settled, fail } = setUp({ log });
    phone.answer = async () => {
      throw new Error("no socket");
    };
    fail("one");
    await turn();
    expect(lines.map(({ msg }) => msg)).to.include("failure message not sent");
    phone.answer = async () => true;
    teller.onRegistered(ALICE);
    await turn();
    expect(settled).to.deep.equal(["one"]);
  });
});

describe("the teller's beginning, end and limits", () => {
  it("collects what it is told before SIP is up, and tells it then, one message for each peer", async () => {
    const { teller, texts, fail, wait } = setUp({ started: false });
    fail("one");
    fail("two");
    fail("three", { peer: ROMEO });
    teller.onRegistered(ALICE);
    await wait(3_600_000);
    expect(texts()).to.deep.equal([]);
    teller.start();
    await turn();
    expect(texts()).to.deep.equal([
      "Failed. 2 messages could not be delivered (Not Found). The first: “one”, the last: “two”",
      "Failed. Not Found “three”",
    ]);
  });

  it("tells nothing more once it is stopped, and leaves the rows", async () => {
    const { teller, clock, sent, settled, fail, wait } = setUp();
    fail("one");
    await turn();
    fail("two");
    teller.stop();
    fail("three");
    teller.onRegistered(ALICE);
    await wait(3_600_000);
    expect(sent).to.have.length(1);
    expect(settled).to.deep.equal(["one"]);
    expect(clock.pending).to.equal(0);
  });

  it("settles a telling that was under way when it was stopped", async () => {
    const { teller, phone, clock, settled, fail } = setUp();
    const later = laterAnswer();
    phone.answer = later.answer;
    fail("one");
    teller.stop();
    later.give(true);
    await turn();
    expect(settled).to.deep.equal(["one"]);
    expect(clock.pending).to.equal(0);
  });

  it("holds 10,000 pairs; a failure beyond is logged and counted, and its row stays", async () => {
    const { log, lines } = logLines();
    const { phone, counters, sent, settled, fail } = setUp({ log });
    phone.answer = async () => false;
    for (let n = 0; n < 10_000; n += 1) fail("x", { peer: `sip:${n}@xmpp.test` });
    fail("beyond", { peer: "sip:one-more@xmpp.test" });
    await turn();
    expect(sent).to.have.length(10_000);
    expect(settled).to.deep.equal([]);
    expect(counters.snapshot()["failure-messages.lost"]).to.equal(1);
    expect(lines.filter(({ peer }) => peer === "sip:one-more@xmpp.test")).to.have.length(1);
  });

  it("holds 100,000 failures, and has room again once they are told", async () => {
    const { teller, phone, counters, settled, fail } = setUp();
    phone.answer = async () => false;
    for (let n = 0; n <= 100_000; n += 1) fail("x");
    await turn();
    expect(counters.snapshot()["failure-messages.lost"]).to.equal(1);
    phone.answer = async () => true;
    teller.onRegistered(ALICE);
    await turn();
    expect(settled).to.have.length(100_000);
    fail("y", { peer: ROMEO });
    await turn();
    expect(settled).to.have.length(100_001);
  });
});

import { expect } from "chai";
import fc from "fast-check";
import type { Handover } from "../../../xmpp/link/link.ts";
import { Outbox, type OutboxOptions } from "../../../xmpp/link/outbox.ts";

const LIMITS = { window: 8, windowBytes: 1000, barrierEvery: 3, queued: 100, queuedBytes: 10_000 };
const CUT = { blamesStanza: false, problem: "closed" };
const BLAMED = { blamesStanza: true, problem: "not-well-formed" };

/** An outbox whose stanzas are single words, and whose barriers read |1| |2| … */
class Fixture {
  readonly outcomes: string[] = [];
  readonly outbox: Outbox;
  #barriers = 0;

  constructor(limits: Partial<OutboxOptions["limits"]> = {}) {
    this.outbox = new Outbox({
      limits: { ...LIMITS, ...limits },
      newBarrier: () => {
        this.#barriers += 1;
        return { id: `${this.#barriers}`, text: `|${this.#barriers}|` };
      },
    });
  }

  add(...words: string[]): ((() => boolean) | undefined)[] {
    return words.map((word) => {
      const settled = (handover: Handover): void => {
        this.outcomes.push(`${word} ${handover.outcome}`);
      };
      return this.outbox.enqueue({ text: word, bytes: word.length }, settled).cancel;
    });
  }

  told(): string[] {
    for (const { settled, handover } of this.outbox.takeSettlements()) {
      settled(handover);
    }
    return this.outcomes.splice(0);
  }
}

function online(limits: Partial<OutboxOptions["limits"]> = {}): Fixture {
  const fixture = new Fixture(limits);
  fixture.outbox.wentOnline();
  return fixture;
}

describe("the outbox: order, window and barriers", () => {
  it("offline: gives nothing and keeps what is queued", () => {
    const fixture = new Fixture();
    fixture.add("a");
    expect(fixture.outbox.take(true)).to.equal("");
    expect(fixture.outbox.queued).to.equal(1);
    fixture.outbox.wentOnline();
    expect(fixture.outbox.take()).to.equal("a|1|");
    expect([fixture.outbox.queued, fixture.outbox.unconfirmed]).to.deep.equal([0, 1]);
  });

  it("idle: a barrier goes right behind the last stanza", () => {
    const fixture = online();
    fixture.add("a", "b");
    expect(fixture.outbox.take()).to.equal("ab|1|");
    expect(fixture.outbox.take()).to.equal("");
  });

  it("with a barrier on its way, the next waits for the answer or for the third stanza", () => {
    const { outbox, add } = bound(online());
    add("a");
    expect(outbox.take()).to.equal("a|1|");
    add("b");
    expect(outbox.take()).to.equal("b");
    expect(outbox.answered("1")).to.equal(true);
    expect(outbox.take()).to.equal("|2|");
    add("c", "d");
    expect(outbox.take()).to.equal("cd");
    add("e");
    expect(outbox.take()).to.equal("e|3|");
  });

  it("an answer settles all that stands before its barrier, in order", () => {
    const fixture = online();
    fixture.add("a", "b", "c", "d");
    expect(fixture.outbox.take()).to.equal("abc|1|d");
    fixture.outbox.answered("1");
    expect(fixture.told()).to.deep.equal(["a processed", "b processed", "c processed"]);
    expect(fixture.outbox.take()).to.equal("|2|");
    fixture.outbox.answered("2");
    expect(fixture.told()).to.deep.equal(["d processed"]);
    expect(fixture.outbox.unconfirmed).to.equal(0);
  });

  it("an answer to a later barrier answers the earlier ones", () => {
    const fixture = online();
    fixture.add("a", "b", "c", "d", "e", "f");
    expect(fixture.outbox.take()).to.equal("abc|1|def|2|");
    fixture.outbox.answered("2");
    expect(fixture.told()).to.have.length(6);
    expect(fixture.outbox.answered("1")).to.equal(false);
  });

  it("a forged, repeated or old answer is none", () => {
    const fixture = online();
    fixture.add("a");
    fixture.outbox.take();
    expect(fixture.outbox.answered("x")).to.equal(false);
    expect(fixture.outbox.answered("1")).to.equal(true);
    expect(fixture.outbox.answered("1")).to.equal(false);
  });

  it("stops at the window of stanzas and goes on behind an answer", () => {
    const fixture = online();
    fixture.add(..."abcdefghijkl");
    expect(fixture.outbox.take()).to.equal("abc|1|def|2|gh");
    fixture.outbox.answered("1");
    expect(fixture.outbox.take()).to.equal("i|3|jk");
  });

  it("stops at the window of bytes, but lets one stanza of any size go", () => {
    const fixture = online({ windowBytes: 5 });
    fixture.add("aaaaaaaaa", "bb", "ccc", "d");
    expect(fixture.outbox.take()).to.equal("aaaaaaaaa|1|");
    fixture.outbox.answered("1");
    expect(fixture.outbox.take()).to.equal("bbccc|2|");
  });

  it("probe: a barrier goes although nothing is on its way, unless one is already", () => {
    const { outbox } = online();
    expect(outbox.take(true)).to.equal("|1|");
    expect(outbox.openBarrier).to.equal("1");
    expect(outbox.take(true)).to.equal("");
    outbox.answered("1");
    expect(outbox.openBarrier).to.equal(undefined);
  });
});

describe("the outbox: limits and taking back", () => {
  it("refuses beyond the number and the bytes of its queue, and takes again when it has room", () => {
    const fixture = new Fixture({ queued: 2, queuedBytes: 6 });
    fixture.add("a", "bbbbbb", "c", "d");
    expect(fixture.told()).to.deep.equal(["bbbbbb refused", "d refused"]);
    fixture.outbox.wentOnline();
    fixture.outbox.take();
    fixture.add("e");
    expect(fixture.told()).to.deep.equal([]);
  });

  it("takes back what was not written, once", () => {
    const fixture = new Fixture();
    const [, takeBack] = fixture.add("a", "b", "c");
    expect(takeBack?.()).to.equal(true);
    expect(takeBack?.()).to.equal(false);
    expect(fixture.told()).to.deep.equal(["b cancelled"]);
    expect(fixture.outbox.queued).to.equal(2);
    fixture.outbox.wentOnline();
    expect(fixture.outbox.take()).to.equal("ac|1|");
  });

  it("does not take back what was written, not even while it waits to go again", () => {
    const fixture = online();
    const [takeBack] = fixture.add("a");
    fixture.outbox.take();
    expect(takeBack?.()).to.equal(false);
    fixture.outbox.wentOffline(CUT);
    expect(takeBack?.()).to.equal(false);
    expect(fixture.outbox.unconfirmed).to.equal(1);
  });

  it("passes over what was taken back between two written ones", () => {
    const fixture = online();
    const [, , takeBack] = fixture.add("a", "b", "c", "d");
    takeBack?.();
    expect(fixture.outbox.take()).to.equal("abd|1|");
    fixture.outbox.wentOffline(CUT);
    fixture.outbox.wentOnline();
    expect(fixture.outbox.take()).to.equal("abd|2|");
    fixture.outbox.answered("2");
    expect(fixture.told()).to.deep.equal(["c cancelled", "a processed", "b processed", "d processed"]);
  });

  it("does not grow when stanzas are queued and taken back for ever", () => {
    const fixture = new Fixture();
    const [first] = fixture.add("first");
    for (let round = 0; round < 10_000; round += 1) {
      fixture.add("x")[0]?.();
    }
    expect(fixture.outbox.queued).to.equal(1);
    fixture.outbox.wentOnline();
    expect(fixture.outbox.take()).to.equal("first|1|");
    expect(first?.()).to.equal(false);
  });

  it("stop: takes back the queue and leaves the fate of what was written open", () => {
    const fixture = online({ window: 1 });
    fixture.add("a", "b", "c");
    fixture.outbox.take();
    fixture.outbox.stop();
    expect(fixture.told().sort()).to.deep.equal(["b cancelled", "c cancelled"]);
  });
});

describe("the outbox: after a cut", () => {
  it("what is not confirmed goes again first, in order and unchanged", () => {
    const fixture = online();
    fixture.add("a", "b", "c", "d", "e");
    expect(fixture.outbox.take()).to.equal("abc|1|de");
    fixture.outbox.answered("1");
    fixture.outbox.wentOffline(CUT);
    fixture.add("f");
    fixture.outbox.wentOnline();
    expect(fixture.outbox.take()).to.equal("def|2|");
    fixture.outbox.answered("2");
    expect(fixture.told()).to.deep.equal(["a", "b", "c", "d", "e", "f"].map((word) => `${word} processed`));
  });

  it("an answer to a barrier of the stream before counts for nothing", () => {
    const fixture = online();
    fixture.add("a");
    fixture.outbox.take();
    fixture.outbox.wentOffline(CUT);
    fixture.outbox.wentOnline();
    expect(fixture.outbox.answered("1")).to.equal(false);
  });

  it("stream error: one by one, and the stanza that ends the stream again is set aside", () => {
    const fixture = online();
    fixture.add("a", "poison", "c");
    expect(fixture.outbox.take()).to.equal("apoisonc|1|");
    expect(fixture.outbox.wentOffline(BLAMED)).to.equal(false);
    fixture.add("d");
    fixture.outbox.wentOnline();
    expect(fixture.outbox.take()).to.equal("a|2|");
    fixture.outbox.answered("2");
    expect(fixture.outbox.take()).to.equal("poison|3|");
    expect(fixture.outbox.wentOffline(BLAMED)).to.equal(true);
    fixture.outbox.wentOnline();
    expect(fixture.outbox.take()).to.equal("c|4|");
    fixture.outbox.answered("4");
    expect(fixture.outbox.take()).to.equal("d|5|");
    fixture.outbox.answered("5");
    expect(fixture.told()).to.deep.equal(["a processed", "poison refused", "c processed", "d processed"]);
  });

  it("stream error with nothing on its way: nobody is suspected", () => {
    const fixture = online();
    fixture.outbox.wentOffline(BLAMED);
    fixture.outbox.wentOnline();
    fixture.add("a", "b");
    expect(fixture.outbox.take()).to.equal("ab|1|");
  });

  it("bare cuts: three in a row without an answer make suspects, two more set the first one aside", () => {
    const fixture = online();
    fixture.add("poison", "b");
    for (const expected of ["poisonb|1|", "poisonb|2|", "poisonb|3|"]) {
      expect(fixture.outbox.take()).to.equal(expected);
      fixture.outbox.wentOffline(CUT);
      fixture.outbox.wentOnline();
    }
    expect(fixture.outbox.take()).to.equal("poison|4|");
    expect(fixture.outbox.wentOffline(CUT)).to.equal(false);
    fixture.outbox.wentOnline();
    expect(fixture.outbox.take()).to.equal("poison|5|");
    expect(fixture.outbox.wentOffline(CUT)).to.equal(true);
    fixture.outbox.wentOnline();
    expect(fixture.outbox.take()).to.equal("b|6|");
    expect(fixture.told()).to.deep.equal(["poison refused"]);
  });

  it("an answer between the cuts clears everybody", () => {
    const fixture = online();
    for (let round = 1; round <= 10; round += 1) {
      fixture.add("a", "b");
      expect(fixture.outbox.take()).to.include("ab");
      fixture.outbox.answered(fixture.outbox.openBarrier ?? "");
      fixture.add("c");
      fixture.outbox.take();
      fixture.outbox.wentOffline(CUT);
      fixture.outbox.wentOnline();
      fixture.outbox.take();
      fixture.outbox.answered(fixture.outbox.openBarrier ?? "");
    }
    expect(fixture.told().filter((outcome) => outcome.endsWith("refused"))).to.deep.equal([]);
  });

  it("loses nothing, keeps the order and settles each stanza once, whatever happens", () => {
    const step = fc.constantFrom("add", "take", "answer", "cut", "blamed", "online");
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => checkRandomLife(steps)),
      { numRuns: 300 },
    );
  });
});

/** Plays a life of the outbox against a server that processes all it gets, then lets the link recover. */
function checkRandomLife(steps: readonly string[]): void {
  const fixture = new Fixture();
  const { outbox } = fixture;
  const processed: string[] = [];
  let added = 0;
  let connected = false;
  const take = (): void => {
    processed.push(...(outbox.take().match(/<\d+>/g) ?? []));
  };
  const answer = (): void => {
    outbox.answered(outbox.openBarrier ?? "");
  };
  const run: Readonly<Record<string, () => void>> = {
    add: () => {
      fixture.add(`<${added}>`);
      added += 1;
    },
    take,
    answer,
    cut: () => (connected ? outbox.wentOffline(CUT) : undefined),
    blamed: () => (connected ? outbox.wentOffline(BLAMED) : undefined),
    online: () => outbox.wentOnline(),
  };
  for (const step of steps) {
    run[step]?.();
    connected = step === "online" || (connected && step !== "cut" && step !== "blamed");
  }
  outbox.wentOnline();
  for (let round = 0; round <= added; round += 1) {
    take();
    answer();
  }
  const outcomes = fixture.told();
  const firstTimes = [...new Set(processed)];
  const refused = outcomes.filter((outcome) => outcome.endsWith("refused")).map((outcome) => outcome.split(" ")[0]);
  expect(outcomes).to.have.length(added);
  expect(new Set(outcomes.map((outcome) => outcome.split(" ")[0])).size).to.equal(added);
  expect(firstTimes).to.deep.equal(Array.from({ length: added }, (_, number) => `<${number}>`));
  expect(refused.every((word) => firstTimes.includes(word ?? ""))).to.equal(true);
  expect([outbox.queued, outbox.unconfirmed]).to.deep.equal([0, 0]);
}

function bound(fixture: Fixture): { outbox: Outbox; add: (...words: string[]) => void } {
  return { outbox: fixture.outbox, add: (...words) => fixture.add(...words) };
}

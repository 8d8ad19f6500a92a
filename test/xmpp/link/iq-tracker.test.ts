import xml, { type Element } from "@xmpp/xml";
import { expect } from "chai";
import { IqTracker } from "../../../xmpp/link/iq-tracker.ts";
import type { IqAnswer } from "../../../xmpp/link/link.ts";
import { FakeClock } from "../fake-clock.ts";

interface Fixture {
  readonly clock: FakeClock;
  readonly tracker: IqTracker;
  readonly answers: IqAnswer[];
}

function tracking(to = "juliet@x.test/balcony", id = "secret"): Fixture {
  const clock = new FakeClock();
  const tracker = new IqTracker({ clock, limit: 2 });
  const answers: IqAnswer[] = [];
  tracker.track({ to, id, timeoutMs: 1000, answer: (answer) => answers.push(answer) });
  return { clock, tracker, answers };
}

function iq(from: string | undefined, id: string | undefined, type = "result"): Element {
  return xml("iq", { from, id, type });
}

describe("RFC 6120 §8.2.3 the answer to an IQ", () => {
  it("a result from the address that was asked", () => {
    const { tracker, answers, clock } = tracking();
    const stanza = iq("juliet@x.test/balcony", "secret");
    expect(tracker.receive(stanza)).to.equal(true);
    expect(answers).to.deep.equal([{ ok: true, stanza }]);
    expect(clock.waiting).to.equal(0);
  });

  it("an error from there", () => {
    const { tracker, answers } = tracking();
    const stanza = iq("juliet@x.test/balcony", "secret", "error");
    expect(tracker.receive(stanza)).to.equal(true);
    expect(answers).to.deep.equal([{ ok: false, why: "error", stanza }]);
  });

  it("compares canonical addresses", () => {
    const { tracker, answers } = tracking("Juliet@X.test/balcony");
    tracker.receive(iq("juliet@x.test/balcony", "secret"));
    expect(answers).to.have.length(1);
  });

  for (const [name, stanza] of [
    ["a third party that knows the id", iq("mallory@x.test/r", "secret")],
    ["another resource", iq("juliet@x.test/garden", "secret")],
    ["the bare address", iq("juliet@x.test", "secret")],
    ["nobody", iq(undefined, "secret")],
    ["the right one with another id", iq("juliet@x.test/balcony", "guess")],
    ["the right one without an id", iq("juliet@x.test/balcony", undefined)],
  ] as const) {
    it(`nothing that comes from ${name}`, () => {
      const { tracker, answers } = tracking();
      expect(tracker.receive(stanza)).to.equal(false);
      expect(answers).to.deep.equal([]);
    });
  }

  it("counts once", () => {
    const { tracker, answers } = tracking();
    tracker.receive(iq("juliet@x.test/balcony", "secret"));
    expect(tracker.receive(iq("juliet@x.test/balcony", "secret"))).to.equal(false);
    expect(answers).to.have.length(1);
  });

  it("timeout: the request is answered, a late result is dropped", () => {
    const { tracker, answers, clock } = tracking();
    clock.turn(999);
    expect(answers).to.deep.equal([]);
    clock.turn(1);
    expect(answers).to.deep.equal([{ ok: false, why: "timeout" }]);
    expect(tracker.receive(iq("juliet@x.test/balcony", "secret"))).to.equal(false);
  });

  it("disconnected: every waiting request is answered, its timer gone", () => {
    const { tracker, answers, clock } = tracking();
    tracker.disconnected();
    expect(answers).to.deep.equal([{ ok: false, why: "disconnected" }]);
    expect(clock.waiting).to.equal(0);
  });

  it("refused: only that request is answered", () => {
    const { tracker, answers } = tracking();
    tracker.refused("juliet@x.test/balcony", "other");
    expect(answers).to.deep.equal([]);
    tracker.refused("juliet@x.test/balcony", "secret");
    expect(answers).to.deep.equal([{ ok: false, why: "refused" }]);
  });

  it("keeps no more than its limit", () => {
    const { tracker, clock } = tracking();
    const request = { to: "a@x.test", timeoutMs: 1000, answer: () => undefined };
    expect(tracker.track({ ...request, id: "2" })).to.equal(true);
    expect(tracker.track({ ...request, id: "3" })).to.equal(false);
    expect(clock.waiting).to.equal(2);
  });
});

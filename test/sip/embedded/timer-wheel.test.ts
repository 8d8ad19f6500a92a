import { expect } from "chai";
import { NamedAlarm, TimerWheel } from "../../../sip/embedded/timer-wheel.ts";
import { FakeClock } from "../fake-clock.ts";

describe("the timer wheel", () => {
  function wheelWithAlarm() {
    const clock = new FakeClock();
    const wheel = new TimerWheel(clock);
    const rungAtMs: number[] = [];
    const startMs = clock.now();
    const alarm = new NamedAlarm("timerF", () => rungAtMs.push(clock.now() - startMs));
    return { clock, wheel, alarm, rungAtMs };
  }

  for (const delayMs of [0, 1, 100, 500, 3500, 32_000, 51_100, 51_200, 51_300, 3_900_000]) {
    it(`rings once, not before ${delayMs} ms and at most two ticks later`, () => {
      const { clock, wheel, alarm, rungAtMs } = wheelWithAlarm();
      wheel.set(alarm, delayMs);
      clock.advance(delayMs + 200);
      expect(rungAtMs).to.have.length(1);
      expect(rungAtMs[0]).to.be.within(delayMs, delayMs + 200);
      clock.advance(120_000);
      expect(rungAtMs).to.have.length(1);
    });
  }

  it("rings in the middle of a tick no earlier than asked for", () => {
    const { clock, wheel, alarm, rungAtMs } = wheelWithAlarm();
    wheel.set(new NamedAlarm("timerE", () => {}), 10_000);
    clock.advance(199);
    wheel.set(alarm, 500);
    clock.advance(499);
    expect(rungAtMs).to.deep.equal([]);
    clock.advance(201);
    expect(rungAtMs).to.have.length(1);
  });

  it("does not ring what was cleared", () => {
    const { clock, wheel, alarm, rungAtMs } = wheelWithAlarm();
    wheel.set(alarm, 500);
    wheel.clear(alarm);
    clock.advance(10_000);
    expect(rungAtMs).to.deep.equal([]);
    expect(wheel.size).to.equal(0);
  });

  it("setting again puts the alarm off", () => {
    const { clock, wheel, alarm, rungAtMs } = wheelWithAlarm();
    wheel.set(alarm, 500);
    clock.advance(400);
    wheel.set(alarm, 500);
    clock.advance(450);
    expect(rungAtMs).to.deep.equal([]);
    clock.advance(250);
    expect(rungAtMs).to.have.length(1);
  });

  it("unlinks from the middle of a slot and keeps the neighbours", () => {
    const clock = new FakeClock();
    const wheel = new TimerWheel(clock);
    const rung: string[] = [];
    const alarms = ["first", "second", "third"].map((name) => new NamedAlarm(name, (each) => rung.push(each)));
    for (const alarm of alarms) wheel.set(alarm, 500);
    const [, second] = alarms;
    if (second !== undefined) wheel.clear(second);
    clock.advance(700);
    expect(rung.sort()).to.deep.equal(["first", "third"]);
  });

  it("an alarm may clear another that is due in the same tick", () => {
    const clock = new FakeClock();
    const wheel = new TimerWheel(clock);
    const rung: string[] = [];
    const pair: NamedAlarm<string>[] = [];
    for (const name of ["one", "other"]) {
      pair.push(
        new NamedAlarm(name, (each) => {
          rung.push(each);
          for (const alarm of pair) wheel.clear(alarm);
        }),
      );
    }
    for (const alarm of pair) wheel.set(alarm, 100);
    clock.advance(1000);
    expect(rung).to.have.length(1);
  });

  it("an idle wheel wakes nobody", () => {
    const { clock, wheel, alarm } = wheelWithAlarm();
    wheel.set(alarm, 500);
    clock.advance(1000);
    expect(clock.pending).to.equal(0);
  });

  it("rings nothing after its stop", () => {
    const { clock, wheel, alarm, rungAtMs } = wheelWithAlarm();
    wheel.set(alarm, 500);
    wheel.stop();
    clock.advance(10_000);
    expect(rungAtMs).to.deep.equal([]);
    expect(clock.pending).to.equal(0);
  });
});

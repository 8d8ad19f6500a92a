import { expect } from "chai";
import {
  type ClientOutcome,
  NON_INVITE_CLIENT,
  type NonInviteClientEvent,
  type NonInviteClientState,
  NonInviteClientTransaction,
} from "../../../sip/embedded/non-invite-client-transaction.ts";
import { TimerWheel } from "../../../sip/embedded/timer-wheel.ts";
import { RFC_TIMERS } from "../../../sip/embedded/timers.ts";
import { FakeClock } from "../fake-clock.ts";
import { responseOver, UDP } from "./transaction-fixtures.ts";

const BRANCH = "z9hG4bK.client";

function start({ reliable = false, timeoutMs }: { reliable?: boolean; timeoutMs?: number } = {}) {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  const calls: string[] = [];
  const resentAtMs: number[] = [];
  const startMs = clock.now();
  const transaction = new NonInviteClientTransaction(
    {
      branch: BRANCH,
      method: "MESSAGE",
      reliable,
      timeoutMs,
      resend: () => {
        calls.push("resend");
        resentAtMs.push(clock.now() - startMs);
      },
      onOutcome: (outcome) => calls.push(`report ${textOf(outcome)}`),
    },
    { wheel, timers: RFC_TIMERS, onTerminated: () => calls.push("terminated") },
  );
  const fire: Record<NonInviteClientEvent, () => void> = {
    provisional: () => transaction.onResponse(responseOver(UDP, 100, BRANCH)),
    final: () => transaction.onResponse(responseOver(UDP, 200, BRANCH)),
    transportError: () => transaction.onTransportError("refused"),
    timerE: () => clock.advance(700),
    timerF: () => clock.advance(32_200),
    timerK: () => clock.advance(5200),
  };
  return { clock, wheel, calls, resentAtMs, transaction, fire };
}

function textOf(outcome: ClientOutcome): string {
  return outcome.kind === "response" ? String(outcome.response.status) : outcome.kind;
}

const WAY_TO: Readonly<Record<NonInviteClientState, readonly NonInviteClientEvent[]>> = {
  trying: [],
  proceeding: ["provisional"],
  completed: ["final"],
  terminated: ["transportError"],
};

const RESENDS_TO_F = new Array<string>(10).fill("resend"); // at 0.5, 1.5, 3.5, 7.5 … 31.5 s

/** Every cell of figure 6 as it shows from outside; an event that is not named does nothing. */
const SEEN: Readonly<Record<NonInviteClientState, Partial<Record<NonInviteClientEvent, readonly string[]>>>> = {
  trying: {
    timerE: ["resend"],
    timerF: [...RESENDS_TO_F, "report timeout", "terminated"],
    transportError: ["report transportError", "terminated"],
    provisional: [],
    final: ["report 200"],
  },
  proceeding: {
    timerE: ["resend"],
    timerF: [
      "resend",
      "resend",
      "resend",
      "resend",
      "resend",
      "resend",
      "resend",
      "resend",
      "report timeout",
      "terminated",
    ],
    transportError: ["report transportError", "terminated"],
    provisional: [],
    final: ["report 200"],
  },
  completed: { timerK: ["terminated"] },
  terminated: {},
};

const EVENTS: readonly NonInviteClientEvent[] = [
  "timerE",
  "timerF",
  "timerK",
  "transportError",
  "provisional",
  "final",
];

describe("RFC 3261 §17.1.2 non-INVITE client transaction", () => {
  for (const [state, way] of Object.entries(WAY_TO) as [NonInviteClientState, readonly NonInviteClientEvent[]][]) {
    for (const event of EVENTS) {
      const seen = SEEN[state][event];
      it(`${state} + ${event} → ${seen?.filter((each, at) => each !== seen[at - 1]).join(", ") || "absorbed"}`, () => {
        const { calls, fire } = start();
        for (const step of way) fire[step]();
        calls.length = 0;
        // A timer that is not set in a state cannot ring there; the table must not know it either.
        if (seen === undefined && event.startsWith("timer")) {
          expect(NON_INVITE_CLIENT[state][event]).to.equal(undefined);
          return;
        }
        fire[event]();
        expect(calls).to.deep.equal(seen ?? []);
      });
    }
  }

  it("the table lists just those cells", () => {
    for (const state of Object.keys(SEEN) as NonInviteClientState[]) {
      expect(Object.keys(NON_INVITE_CLIENT[state]).sort(), state).to.deep.equal(Object.keys(SEEN[state]).sort());
    }
  });

  it("timer E doubles from T1 to T2", () => {
    const { clock, resentAtMs } = start();
    clock.advance(20_000);
    const gaps = resentAtMs.map((atMs, index) => atMs - (resentAtMs[index - 1] ?? 0));
    const wanted = [500, 1000, 2000, 4000, 4000, 4000];
    expect(gaps.slice(0, wanted.length)).to.have.length(wanted.length);
    for (const [index, gap] of wanted.entries()) expect(gaps[index]).to.be.within(gap, gap + 200);
  });

  it("after a provisional response timer E goes on at T2", () => {
    const { clock, resentAtMs, fire } = start();
    fire.provisional();
    clock.advance(10_000);
    expect(resentAtMs).to.have.length(3);
    expect((resentAtMs[1] ?? 0) - (resentAtMs[0] ?? 0)).to.be.within(4000, 4200);
  });

  it("timer F is 64*T1", () => {
    const { clock, calls } = start({ reliable: true });
    clock.advance(31_900);
    expect(calls).to.deep.equal([]);
    clock.advance(400);
    expect(calls).to.deep.equal(["report timeout", "terminated"]);
  });

  it("a shorter time limit ends it earlier, a longer one does not hold it", () => {
    const short = start({ reliable: true, timeoutMs: 1000 });
    short.clock.advance(1300);
    expect(short.calls).to.deep.equal(["report timeout", "terminated"]);
    const long = start({ reliable: true, timeoutMs: 100_000 });
    long.clock.advance(32_200);
    expect(long.calls).to.deep.equal(["report timeout", "terminated"]);
  });

  it("over a reliable transport nothing is sent again and timer K is zero", () => {
    const { clock, calls, wheel, fire } = start({ reliable: true });
    clock.advance(20_000);
    fire.final();
    expect(calls).to.deep.equal(["report 200", "terminated"]);
    expect(wheel.size).to.equal(0);
  });

  it("timer K is T4 over UDP, and late copies of the answer are absorbed", () => {
    const { clock, calls, fire } = start();
    fire.final();
    fire.final();
    clock.advance(4900);
    expect(calls).to.deep.equal(["report 200"]);
    clock.advance(400);
    expect(calls).to.deep.equal(["report 200", "terminated"]);
  });
});

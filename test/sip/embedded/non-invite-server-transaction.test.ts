import { expect } from "chai";
import {
  NON_INVITE_SERVER,
  type NonInviteServerEvent,
  type NonInviteServerState,
  NonInviteServerTransaction,
} from "../../../sip/embedded/non-invite-server-transaction.ts";
import type { Flow } from "../../../sip/flow.ts";
import { RecordingContext, requestOver, TCP, UDP } from "./transaction-fixtures.ts";

const ANSWER = { toTag: "to", answer: undefined };

function start(flow: Flow = UDP) {
  const context = new RecordingContext();
  const request = requestOver(flow);
  const transaction = new NonInviteServerTransaction("key", request, context);
  /** Makes the event happen from outside. */
  const fire: Record<NonInviteServerEvent, () => void> = {
    request: () => transaction.onRetransmission(request),
    provisional: () => transaction.respond({ status: 100, ...ANSWER }),
    final: () => transaction.respond({ status: 200, ...ANSWER }),
    transportError: () => transaction.onTransportError(),
    timerJ: () => context.clock.advance(32_200),
  };
  return { context, request, transaction, fire };
}

const WAY_TO: Readonly<Record<NonInviteServerState, readonly NonInviteServerEvent[]>> = {
  trying: [],
  proceeding: ["provisional"],
  completed: ["final"],
  terminated: ["final", "timerJ"],
};

/** Every cell of figure 8 as it shows from outside; an event that is not named does nothing. */
const SEEN: Readonly<Record<NonInviteServerState, Partial<Record<NonInviteServerEvent, readonly string[]>>>> = {
  trying: {
    provisional: ["send 100"],
    final: ["send 200", "completed"],
  },
  proceeding: {
    request: ["send 100"],
    provisional: ["send 100"],
    final: ["send 200", "completed"],
    transportError: ["completed", "terminated"],
  },
  completed: {
    request: ["send 200"],
    transportError: ["terminated"],
    timerJ: ["terminated"],
  },
  terminated: {},
};

const EVENTS: readonly NonInviteServerEvent[] = ["request", "provisional", "final", "transportError", "timerJ"];

describe("RFC 3261 §17.2.2 non-INVITE server transaction", () => {
  for (const [state, way] of Object.entries(WAY_TO) as [NonInviteServerState, readonly NonInviteServerEvent[]][]) {
    for (const event of EVENTS) {
      const seen = SEEN[state][event];
      it(`${state} + ${event} → ${seen?.join(", ") ?? "absorbed"}`, () => {
        const { context, fire } = start();
        for (const step of way) fire[step]();
        context.take();
        // Timer J cannot ring before it is set: the open states have timers of their own, tested below.
        if (event === "timerJ" && (state === "trying" || state === "proceeding")) {
          expect(NON_INVITE_SERVER[state].timerJ).to.equal(undefined);
          return;
        }
        fire[event]();
        expect(context.take()).to.deep.equal(seen ?? []);
      });
    }
  }

  it("the table lists just those cells", () => {
    for (const state of Object.keys(SEEN) as NonInviteServerState[]) {
      expect(Object.keys(NON_INVITE_SERVER[state]).sort(), state).to.deep.equal(Object.keys(SEEN[state]).sort());
    }
  });

  it("timer J is 64*T1 over UDP", () => {
    const { context, fire } = start();
    fire.final();
    context.clock.advance(31_900);
    expect(context.take()).to.deep.equal(["send 200", "completed"]);
    context.clock.advance(400);
    expect(context.take()).to.deep.equal(["terminated"]);
  });

  it("timer J is zero over a reliable transport", () => {
    const { context, fire } = start(TCP);
    fire.final();
    expect(context.take()).to.deep.equal(["send 200", "completed", "terminated"]);
    expect(context.wheel.size).to.equal(0);
  });

  it("every copy of the answer carries the same To tag", () => {
    const { context, fire } = start();
    fire.final();
    fire.request();
    expect(context.sent.map(({ toTag }) => toTag)).to.deep.equal(["to", "to"]);
  });

  it("a retransmission gets the header fields and body of the first answer", () => {
    const { context, transaction, fire } = start();
    const answer = { reason: "Fine", headers: [["Expires", "60"]] as const, body: Buffer.from("body") };
    transaction.respond({ status: 200, toTag: "to", answer });
    fire.request();
    const [, again] = context.sent;
    expect(again?.answer?.reason).to.equal("Fine");
    expect(again?.answer?.headers).to.deep.equal([["Expires", "60"]]);
    expect(again?.answer?.body?.toString()).to.equal("body");
  });

  it("what it keeps of an answer is not the memory of its maker", () => {
    const { context, transaction, fire } = start();
    const body = Buffer.from("body");
    transaction.respond({ status: 200, toTag: "to", answer: { body } });
    body.fill(0);
    fire.request();
    expect(context.sent[1]?.answer?.body?.toString()).to.equal("body");
  });
});

describe("RFC 4320 §4.1 the 100 of a non-INVITE request", () => {
  it("leaves when timer E of the client has grown to T2, not before", () => {
    const { context } = start();
    context.clock.advance(3400);
    expect(context.take()).to.deep.equal([]);
    context.clock.advance(400);
    expect(context.take()).to.deep.equal(["send 100"]);
  });

  it("does not leave when there was an answer", () => {
    const { context, fire } = start();
    fire.final();
    context.take();
    context.clock.advance(10_000);
    expect(context.take()).to.deep.equal([]);
  });

  it("a request that is still open after 64*T1 and two seconds is overdue", () => {
    const { context } = start();
    context.clock.advance(33_900);
    expect(context.take()).to.deep.equal(["send 100"]);
    context.clock.advance(600);
    expect(context.take()).to.deep.equal(["overdue"]);
  });

  it("RFC 4320 §4.2: an abandoned request ends without an answer", () => {
    const { context, transaction } = start();
    transaction.abandon();
    expect(context.take()).to.deep.equal(["completed", "terminated"]);
    expect(context.wheel.size).to.equal(0);
  });
});

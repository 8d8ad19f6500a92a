import { expect } from "chai";
import {
  INVITE_SERVER,
  type InviteServerEvent,
  type InviteServerState,
  InviteServerTransaction,
} from "../../../sip/embedded/invite-server-transaction.ts";
import type { Flow } from "../../../sip/flow.ts";
import { RecordingContext, requestOver, TCP, UDP } from "./transaction-fixtures.ts";

function start(flow: Flow = UDP) {
  const context = new RecordingContext();
  const request = requestOver(flow, { method: "INVITE" });
  const transaction = new InviteServerTransaction("key", request, context);
  const respond = (status: number) => transaction.respond({ status, toTag: "to", answer: undefined });
  const fire: Record<InviteServerEvent, () => void> = {
    request: () => transaction.onRetransmission(request),
    ack: () => {
      transaction.onAck();
    },
    provisional: () => respond(180),
    accept: () => respond(200),
    refuse: () => respond(488),
    timer100: () => context.clock.advance(400),
    timerG: () => context.clock.advance(700),
    timerH: () => context.clock.advance(32_200),
    timerI: () => context.clock.advance(5200),
    timerL: () => context.clock.advance(32_200),
  };
  return { context, transaction, fire };
}

const WAY_TO: Readonly<Record<InviteServerState, readonly InviteServerEvent[]>> = {
  proceeding: [],
  accepted: ["accept"],
  completed: ["refuse"],
  confirmed: ["refuse", "ack"],
  terminated: ["refuse", "timerH"],
};

const RESENDS_TO_H = new Array<string>(10).fill("send 488"); // timer G at 0.5, 1.5, 3.5, 7.5 … 31.5 s

/** Every cell of figure 7 with RFC 6026 as it shows from outside; an event that is not named does nothing. */
const SEEN: Readonly<Record<InviteServerState, Partial<Record<InviteServerEvent, readonly string[]>>>> = {
  proceeding: {
    request: [], // nothing was sent yet; after a provisional response see below
    provisional: ["send 180"],
    timer100: ["send 100"],
    accept: ["send 200", "completed"],
    refuse: ["send 488", "completed"],
  },
  accepted: { timerL: ["terminated"] },
  completed: {
    request: ["send 488"],
    timerG: ["send 488"],
    timerH: [...RESENDS_TO_H, "terminated"],
    ack: [],
  },
  confirmed: { timerI: ["terminated"] },
  terminated: {},
};

const EVENTS = Object.keys(start().fire) as readonly InviteServerEvent[];

describe("RFC 3261 §17.2.1 INVITE server transaction", () => {
  for (const [state, way] of Object.entries(WAY_TO) as [InviteServerState, readonly InviteServerEvent[]][]) {
    for (const event of EVENTS) {
      const seen = SEEN[state][event];
      it(`${state} + ${event} → ${seen?.filter((each, at) => each !== seen[at - 1]).join(", ") || "absorbed"}`, () => {
        const { context, fire } = start();
        for (const step of way) fire[step]();
        context.take();
        // A timer that is not set in a state cannot ring there; the table must not know it either.
        if (seen === undefined && event.startsWith("timer")) {
          expect(INVITE_SERVER[state][event]).to.equal(undefined);
          return;
        }
        fire[event]();
        expect(context.take()).to.deep.equal(seen ?? []);
      });
    }
  }

  it("the table lists just those cells", () => {
    for (const state of Object.keys(SEEN) as InviteServerState[]) {
      expect(Object.keys(INVITE_SERVER[state]).sort(), state).to.deep.equal(Object.keys(SEEN[state]).sort());
    }
  });

  it("a retransmission gets the last provisional response", () => {
    const { context, fire } = start();
    fire.timer100();
    fire.request();
    fire.provisional();
    fire.request();
    expect(context.take()).to.deep.equal(["send 100", "send 100", "send 180", "send 180"]);
  });

  it("a refusal is repeated at growing intervals until its ACK", () => {
    const { context, transaction, fire } = start();
    fire.refuse();
    context.clock.advance(1800);
    expect(transaction.onAck()).to.equal(true);
    context.clock.advance(4000);
    expect(context.take()).to.deep.equal(["send 488", "completed", "send 488", "send 488"]);
    context.clock.advance(2000);
    expect(context.take()).to.deep.equal(["terminated"]);
  });

  it("over a reliable transport it is not repeated, and its ACK ends it", () => {
    const { context, fire } = start(TCP);
    fire.refuse();
    context.clock.advance(10_000);
    fire.ack();
    expect(context.take()).to.deep.equal(["send 488", "completed", "terminated"]);
    expect(context.wheel.size).to.equal(0);
  });

  it("RFC 6026 §7.1: the ACK of a 2xx is not the transaction's", () => {
    const { transaction, fire } = start();
    fire.accept();
    expect(transaction.onAck()).to.equal(false);
  });

  it("RFC 6026 §7.1: a transport error ends nothing", () => {
    const { context, transaction, fire } = start();
    fire.refuse();
    context.take();
    transaction.onTransportError();
    fire.request();
    expect(context.take()).to.deep.equal(["send 488"]);
  });
});

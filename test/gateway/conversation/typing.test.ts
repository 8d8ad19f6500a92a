import { expect } from "chai";
import { TypingTable } from "../../../gateway/conversation/typing.ts";
import {
  COMPOSING_OF,
  type FromSip,
  type FromXmpp,
  TOWARDS_SIP,
  TOWARDS_XMPP,
  type TowardsSip,
  type TowardsXmpp,
} from "../../../gateway/conversation/typing-states.ts";
import type { ChatState } from "../../../gateway/mapping/instant-message.ts";
import { FakeClock } from "../../sip/fake-clock.ts";

const PAIR = { aor: "alice@sip.test", jid: "juliet@xmpp.test" };
const OTHER_PAIR = { aor: "bob@sip.test", jid: "juliet@xmpp.test" };

function setUp() {
  const clock = new FakeClock();
  const toXmpp: string[] = [];
  const toSip: string[] = [];
  const phone = { understands: true };
  const limit = { hits: 0 };
  const typing = new TypingTable({
    clock,
    sendChatState: ({ aor, jid }, state) => toXmpp.push(`${aor} ${jid} ${state}`),
    sendComposing: ({ aor, jid }, { state, refreshSeconds }) =>
      toSip.push(`${aor} ${jid} ${state}${refreshSeconds === undefined ? "" : ` ${refreshSeconds}`}`),
    sipUnderstands: () => phone.understands,
    limitHit: () => {
      limit.hits += 1;
    },
  });
  const composing = (state: "active" | "idle", refreshSeconds?: number, pair = PAIR) =>
    typing.onComposingFromSip(pair, { state, refreshSeconds });
  const chatState = (state: ChatState, pair = PAIR) => typing.onChatStateFromXmpp(pair, state);
  return { typing, clock, toXmpp, toSip, phone, limit, composing, chatState };
}

/** With an XMPP client that has shown that it understands. */
function setUpWithBoth() {
  const world = setUp();
  world.chatState("active");
  return world;
}

const XMPP = (state: ChatState) => `alice@sip.test juliet@xmpp.test ${state}`;
const SIP = (state: string) => `alice@sip.test juliet@xmpp.test ${state}`;

describe("typing from SIP to XMPP, RFC 7573 §6: every cell", () => {
  const bring: Record<TowardsXmpp, (world: ReturnType<typeof setUp>) => void> = {
    idle: () => {},
    composing: ({ composing }) => composing("active"),
  };
  const happen: Record<FromSip, (world: ReturnType<typeof setUp>) => void> = {
    active: ({ composing }) => composing("active"),
    idle: ({ composing }) => composing("idle"),
    im: ({ typing }) => typing.onImFromSip(PAIR),
    expired: ({ clock }) => clock.advance(125_000),
  };
  const expected: Record<TowardsXmpp, Record<FromSip, readonly [next: TowardsXmpp, sent: readonly ChatState[]]>> = {
    idle: { active: ["composing", ["composing"]], idle: ["idle", []], im: ["idle", []], expired: ["idle", []] },
    composing: {
      active: ["composing", []],
      idle: ["idle", ["active"]],
      im: ["idle", []],
      expired: ["idle", ["paused"]],
    },
  };

  for (const state of Object.keys(TOWARDS_XMPP) as TowardsXmpp[]) {
    for (const event of Object.keys(TOWARDS_XMPP[state]) as FromSip[]) {
      const [next, sent] = expected[state][event];
      it(`${state}, ${event}: ${sent[0] ?? "nothing"} is sent, then ${next}`, () => {
        const world = setUpWithBoth();
        bring[state](world);
        world.toXmpp.length = 0;
        happen[event](world);
        expect(world.toXmpp).to.deep.equal(sent.map(XMPP));
        expect(world.clock.pending).to.equal(next === "composing" ? 1 : 0);
        world.toXmpp.length = 0;
        world.composing("active");
        expect(world.toXmpp).to.deep.equal(next === "idle" ? [XMPP("composing")] : []);
      });
    }
  }
});

describe("typing from XMPP to SIP, RFC 7573 §6: every cell", () => {
  const bring: Record<TowardsSip, (world: ReturnType<typeof setUp>) => void> = {
    idle: () => {},
    active: ({ chatState }) => chatState("composing"),
  };
  const happen: Record<FromXmpp, (world: ReturnType<typeof setUp>) => void> = {
    active: ({ chatState }) => chatState("composing"),
    idle: ({ chatState }) => chatState("paused"),
    im: ({ typing }) => typing.onImFromXmpp(PAIR),
    refresh: ({ clock }) => clock.advance(60_000),
    expired: ({ clock, toSip }) => {
      clock.advance(599_999);
      toSip.length = 0;
      clock.advance(1);
    },
  };
  const expected: Record<TowardsSip, Record<FromXmpp, readonly [next: TowardsSip, sent: readonly string[]]>> = {
    idle: {
      active: ["active", ["active 90"]],
      idle: ["idle", []],
      im: ["idle", []],
      refresh: ["idle", []],
      expired: ["idle", []],
    },
    active: {
      active: ["active", []],
      idle: ["idle", ["idle"]],
      im: ["idle", []],
      refresh: ["active", ["active 90"]],
      expired: ["idle", ["idle"]],
    },
  };

  for (const state of Object.keys(TOWARDS_SIP) as TowardsSip[]) {
    for (const event of Object.keys(TOWARDS_SIP[state]) as FromXmpp[]) {
      const [next, sent] = expected[state][event];
      it(`${state}, ${event}: ${sent[0] ?? "nothing"} is sent, then ${next}`, () => {
        const world = setUpWithBoth();
        bring[state](world);
        world.toSip.length = 0;
        happen[event](world);
        expect(world.toSip).to.deep.equal(sent.map(SIP));
        expect(world.clock.pending).to.equal(next === "active" ? 1 : 0);
        world.toSip.length = 0;
        world.chatState("composing");
        expect(world.toSip).to.deep.equal(next === "idle" ? [SIP("active 90")] : []);
      });
    }
  }

  for (const [state, composing] of Object.entries(COMPOSING_OF) as [ChatState, "active" | "idle"][]) {
    it(`<${state}/> is ${composing}`, () => {
      const { chatState, toSip } = setUp();
      if (composing === "idle") chatState("composing");
      toSip.length = 0;
      chatState(state);
      expect(toSip).to.deep.equal([SIP(composing === "active" ? "active 90" : "idle")]);
    });
  }
});

describe("RFC 3994 §3.3 expiry of a phone's composing", () => {
  const rows: readonly (readonly [refresh: number | undefined, seconds: number])[] = [
    [undefined, 120],
    [60, 60],
    [0, 10],
    [-5, 10],
    [10, 10],
    [3600, 3600],
    [4_000_000_000, 3600],
  ];
  for (const [refresh, seconds] of rows) {
    it(`refresh ${refresh ?? "absent"}: after ${seconds} s and a grace of 5 s`, () => {
      const { clock, toXmpp, composing } = setUpWithBoth();
      composing("active", refresh);
      clock.advance(seconds * 1000 + 4_999);
      expect(toXmpp).to.deep.equal([XMPP("composing")]);
      clock.advance(1);
      expect(toXmpp).to.deep.equal([XMPP("composing"), XMPP("paused")]);
    });
  }

  it("begins again with each refresh", () => {
    const { clock, toXmpp, composing } = setUpWithBoth();
    for (let n = 0; n < 10; n += 1) {
      composing("active", 60);
      clock.advance(60_000);
    }
    expect(toXmpp).to.deep.equal([XMPP("composing")]);
    expect(clock.pending).to.equal(1);
  });
});

describe("RFC 3994 §3.2 refreshes to the phone", () => {
  it("go out every 60 s for 10 minutes, then idle once", () => {
    const { clock, toSip, chatState } = setUp();
    chatState("composing");
    clock.advance(3_600_000);
    expect(toSip).to.deep.equal([...Array<string>(10).fill(SIP("active 90")), SIP("idle")]);
    expect(clock.pending).to.equal(0);
  });

  it("are neither delayed nor doubled by a client that repeats <composing/>, whose 10 minutes begin again", () => {
    const { clock, toSip, chatState } = setUp();
    for (let n = 0; n < 20; n += 1) {
      chatState("composing");
      clock.advance(40_000);
    }
    expect(toSip).to.deep.equal(Array<string>(14).fill(SIP("active 90")));
  });
});

describe("chat states only for those who understand them, XEP-0085 §4", () => {
  it("nothing goes to an XMPP client that has shown none, and its IMs are to carry <active/> once the phone composes", () => {
    const { typing, clock, toXmpp, composing } = setUp();
    expect(typing.understandsChatStates(PAIR)).to.equal(false);
    composing("active");
    composing("idle");
    expect(toXmpp).to.deep.equal([]);
    expect(clock.pending).to.equal(0);
    expect(typing.understandsChatStates(PAIR)).to.equal(true);
    expect(typing.understandsChatStates(OTHER_PAIR)).to.equal(false);
  });

  it("a client that answers <active/> with a chat state is told at the phone's next refresh", () => {
    const { typing, toXmpp, composing, chatState } = setUp();
    composing("active");
    chatState("active");
    composing("active");
    expect(toXmpp).to.deep.equal([XMPP("composing")]);
    expect(typing.understandsChatStates(PAIR)).to.equal(true);
  });

  it("a client that answers <active/> without a chat state gets no more of them, until it sends one itself", () => {
    const { typing, toXmpp, composing } = setUp();
    composing("active");
    typing.onImFromSip(PAIR);
    typing.onImFromXmpp(PAIR);
    composing("active");
    expect(typing.understandsChatStates(PAIR)).to.equal(false);
    expect(toXmpp).to.deep.equal([]);
    typing.onImFromXmpp(PAIR, "active");
    composing("active");
    expect(typing.understandsChatStates(PAIR)).to.equal(true);
    expect(toXmpp).to.deep.equal([XMPP("composing")]);
  });

  it("an IM without a chat state says nothing while the client has not been asked, or has shown that it understands", () => {
    const { typing, composing, chatState } = setUp();
    typing.onImFromXmpp(PAIR);
    composing("active");
    typing.onImFromXmpp(PAIR);
    expect(typing.understandsChatStates(PAIR)).to.equal(true);
    chatState("active");
    typing.onImFromSip(PAIR);
    typing.onImFromXmpp(PAIR);
    expect(typing.understandsChatStates(PAIR)).to.equal(true);
  });

  it("an IM with <active/> ends composing at the phone without a notice", () => {
    const { typing, toSip, chatState } = setUp();
    chatState("composing");
    toSip.length = 0;
    typing.onImFromXmpp(PAIR, "active");
    expect(toSip).to.deep.equal([]);
    chatState("paused");
    expect(toSip).to.deep.equal([]);
  });

  it("nothing goes to a phone that does not understand", () => {
    const { clock, toSip, phone, chatState } = setUp();
    phone.understands = false;
    chatState("composing");
    chatState("paused");
    expect(toSip).to.deep.equal([]);
    expect(clock.pending).to.equal(0);
  });

  it("a phone that has stopped to understand gets no refresh; one that understands again is told anew", () => {
    const { clock, toSip, phone, chatState } = setUp();
    chatState("composing");
    phone.understands = false;
    clock.advance(60_000);
    expect(toSip).to.deep.equal([SIP("active 90")]);
    expect(clock.pending).to.equal(0);
    phone.understands = true;
    chatState("composing");
    expect(toSip).to.deep.equal([SIP("active 90"), SIP("active 90")]);
  });
});

describe("the typing table", () => {
  it("keeps pairs apart", () => {
    const { toSip, toXmpp, composing, chatState } = setUp();
    chatState("composing");
    chatState("active", OTHER_PAIR);
    composing("active", 60, OTHER_PAIR);
    expect(toSip).to.deep.equal([SIP("active 90")]);
    expect(toXmpp).to.deep.equal(["bob@sip.test juliet@xmpp.test composing"]);
  });

  it("ends what is under way, both ways, when the conversation is closed, and forgets the pair", () => {
    const { typing, clock, toSip, toXmpp, composing, chatState } = setUp();
    chatState("composing");
    composing("active");
    typing.closed(PAIR);
    typing.closed(OTHER_PAIR);
    expect(toSip).to.deep.equal([SIP("active 90"), SIP("idle")]);
    expect(toXmpp).to.deep.equal([XMPP("composing"), XMPP("paused")]);
    expect(clock.pending).to.equal(0);
    expect(typing.understandsChatStates(PAIR)).to.equal(false);
  });

  it("sends nothing and waits for nothing once it is stopped", () => {
    const { typing, clock, toSip, toXmpp, composing, chatState } = setUp();
    chatState("composing");
    composing("active");
    typing.stop();
    expect(clock.pending).to.equal(0);
    expect(toSip).to.have.length(1);
    expect(toXmpp).to.have.length(1);
  });

  it("holds 10,000 pairs: the one that was silent longest goes, and nobody is left composing", () => {
    const { typing, limit, toSip, chatState } = setUp();
    chatState("composing", OTHER_PAIR);
    chatState("composing");
    for (let n = 2; n < 10_000; n += 1) chatState("active", { aor: `${n}@sip.test`, jid: "juliet@xmpp.test" });
    chatState("composing", OTHER_PAIR);
    expect(limit.hits).to.equal(0);
    toSip.length = 0;
    chatState("active", { aor: "one-more@sip.test", jid: "juliet@xmpp.test" });
    expect(limit.hits).to.equal(1);
    expect(toSip).to.deep.equal([SIP("idle")]);
    expect(typing.understandsChatStates(PAIR)).to.equal(false);
    expect(typing.understandsChatStates(OTHER_PAIR)).to.equal(true);
  });
});

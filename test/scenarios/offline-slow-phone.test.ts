import { expect } from "chai";
import type { RawPhone } from "../peers/raw-phone.ts";
import { fieldOf, type RawMessage, writeResponse } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import { BothSides, chat } from "./both-sides.ts";
import { untilStored } from "./waiting.ts";

const ALICE = "alice@sip.test";
const TEXTS = Array.from({ length: 20 }, (_, number) => `number ${number}`);

/** Lost on the way: so many of the first transmissions of these. */
const LOST: Readonly<Record<string, number>> = { "number 3": 2, "number 11": 1 };

/** A phone on a weak battery: each answer takes it a while. */
const ANSWERS_AFTER_MS = 30;

describe("A slow UDP phone, on a line that loses packets, registers while messages wait for it", () => {
  let sides: BothSides;
  let alice: RawPhone;

  before(async () => {
    sides = await BothSides.start({ users: ["alice"], people: ["juliet"] });
    const juliet = await sides.client("juliet");
    for (const text of TEXTS) await juliet.send(chat(ALICE, text));
    await untilStored(sides, ALICE, TEXTS.length);
    alice = await sides.phone("alice");
  });
  after(() => sides.stop());

  it("RFC 3428 §8: each comes once, in order, and none before the one before it was answered", async () => {
    const taken: string[] = [];
    const open = new Set<string>();
    let mostOpen = 0;
    const take = (request: RawMessage): void => {
      const callId = fieldOf(request, "call-id") ?? "";
      if (!open.has(callId)) taken.push(request.body.toString("utf8"));
      open.add(callId);
      mostOpen = Math.max(mostOpen, open.size);
      setTimeout(() => {
        open.delete(callId);
        alice.wire.send(writeResponse(request, 200, "OK"));
      }, ANSWERS_AFTER_MS);
    };
    alice.answer = (request) => {
      const text = request.body.toString("utf8");
      const transmissions = alice.texts.filter((each) => each === text).length;
      if (transmissions > (LOST[text] ?? 0)) take(request);
      return undefined;
    };
    await alice.register();
    await waitFor("the last", () => taken.includes("number 19"));
    expect(taken).to.deep.equal(TEXTS);
    expect(mostOpen).to.equal(1);
    await untilStored(sides, ALICE, 0);
  });
});

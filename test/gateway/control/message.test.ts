import { expect } from "chai";
import { messageDrop, messageList, messageRetry, messageShow } from "../../../gateway/control/message.ts";
import { MESSAGE_STATES, parseMessageState } from "../../../gateway/control/message-state.ts";
import { type Operation, performAudited } from "../../../gateway/control/operation.ts";
import { logLines } from "../log-lines.ts";
import { type FakeAppliance, fakeAppliance, MESSAGES } from "./fake-appliance.ts";

const caller = { name: "test" };

describe("operations on instant messages", () => {
  let appliance: FakeAppliance;

  beforeEach(async () => {
    appliance = await fakeAppliance();
  });

  async function idsOf(input: unknown): Promise<readonly string[]> {
    const outcome = await messageList.perform(appliance, input, caller);
    if (outcome.outcome !== "done") throw new Error(outcome.message);
    return outcome.result.messages.map(({ id }) => id);
  }

  async function audited(operation: Operation, input: unknown) {
    const { log, lines } = logLines();
    await performAudited(operation, { appliance, input, caller, log });
    return lines;
  }

  describe("message.list", () => {
    it("has all of them, the oldest first, without their texts", async () => {
      const outcome = await messageList.perform(appliance, {}, caller);
      expect(outcome).to.have.nested.include({ outcome: "done", "result.total": 5, "result.messages.length": 5 });
      expect(JSON.stringify(outcome)).not.to.contain("adieu");
    });

    it("has those of a state and of a user, whose address may be typed as people copy it", async () => {
      expect(await idsOf({ state: "stored" })).to.deep.equal(["m1", "m3"]);
      expect(await idsOf({ aor: "sip:Bob@SIP.test" })).to.deep.equal(["m2", "m3"]);
      expect(await idsOf({ state: "stored", aor: "bob@sip.test" })).to.deep.equal(["m3"]);
      expect(await idsOf({ aor: "nobody@sip.test" })).to.deep.equal([]);
    });

    it("has as many as the limit, and the number of all", async () => {
      const outcome = await messageList.perform(appliance, { limit: 1 }, caller);
      expect(outcome).to.have.nested.include({ "result.total": 5, "result.messages.length": 1 });
      for (const limit of [0, 10_001, 1.5, "7"]) {
        expect(await messageList.perform(appliance, { limit }, caller)).to.deep.equal({
          outcome: "misused",
          message: "limit: must be 1..10000",
        });
      }
    });

    it("says which state was probably meant", async () => {
      expect(await messageList.perform(appliance, { state: "store" }, caller)).to.deep.equal({
        outcome: "misused",
        message: `state: must be one of ${MESSAGE_STATES.join(", ")} (did you mean "stored"?)`,
      });
    });

    it("refuses what is no account name", async () => {
      expect(await messageList.perform(appliance, { aor: "alice" }, caller)).to.deep.equal({
        outcome: "refused",
        code: "invalid",
        message: '"alice" is no account name: an account is written user@domain',
      });
    });
  });

  describe("message.show", () => {
    it("keeps the text to itself, and is not audited", async () => {
      const { text: _, ...rest } = MESSAGES[1] ?? {};
      const outcome = await messageShow.perform(appliance, { id: "m2" }, caller);
      expect(JSON.parse(JSON.stringify(outcome))).to.deep.equal({ outcome: "done", result: rest });
      expect(await audited(messageShow, { id: "m2", text: false })).to.deep.equal([]);
    });

    it("shows the text when that is asked for, and the log keeps who asked, not the text", async () => {
      const outcome = await messageShow.perform(appliance, { id: "m3", text: true }, caller);
      expect(outcome).to.have.nested.property("result.text", "adieu");
      const lines = await audited(messageShow, { id: "m3", text: true });
      expect(lines).to.have.length(1);
      expect(lines[0]).to.include({ operation: "message.show", by: "test", disclosed: "text of m3" });
      expect(JSON.stringify(lines)).not.to.contain("adieu");
    });

    it("of a message that there is not discloses nothing", async () => {
      expect(await audited(messageShow, { id: "m9", text: true })).to.deep.equal([]);
    });
  });

  it("message.retry tries one again", async () => {
    expect(await messageRetry.perform(appliance, { id: "m1" }, caller)).to.deep.equal({
      outcome: "done",
      result: { id: "m1", tried: true, why: undefined },
      change: { what: "m1", before: "stored", after: "retried" },
    });
    expect(appliance.tried).to.deep.equal(["m1"]);
  });

  it("message.retry says what one waits for that is not tried now", async () => {
    expect(await messageRetry.perform(appliance, { id: "m3" }, caller)).to.deep.equal({
      outcome: "done",
      result: { id: "m3", tried: false, why: "it goes at the next REGISTER of bob@sip.test" },
      change: { what: "m3", before: "stored", after: "stored" },
    });
  });

  it("message.drop gives one up, once", async () => {
    expect(await messageDrop.perform(appliance, { id: "m1" }, caller)).to.deep.equal({
      outcome: "done",
      result: { id: "m1", told: "now" },
      change: { what: "m1", before: "stored", after: "dropped" },
    });
    expect(await idsOf({})).to.deep.equal(["m2", "m3", "m4", "m5"]);
    expect(await messageDrop.perform(appliance, { id: "m1" }, caller)).to.include({ code: "not-found" });
  });

  for (const operation of [messageRetry, messageDrop]) {
    it(`${operation.name} refuses what is being sent at this moment`, async () => {
      expect(await operation.perform(appliance, { id: "m2" }, caller)).to.deep.equal({
        outcome: "refused",
        code: "under-way",
        message: "m2 is being sent at this moment: look again with message show m2",
      });
    });
  }

  for (const operation of [messageRetry, messageDrop]) {
    it(`${operation.name} refuses what its sender is being told of`, async () => {
      expect(await operation.perform(appliance, { id: "m4" }, caller)).to.deep.equal({
        outcome: "refused",
        code: "under-way",
        message: "the sender of m4 is being told; it goes by itself once that is done",
      });
    });
  }

  for (const operation of [messageShow, messageRetry, messageDrop]) {
    it(`${operation.name} says that there is no such message`, async () => {
      expect(await operation.perform(appliance, { id: "m9" }, caller)).to.deep.equal({
        outcome: "refused",
        code: "not-found",
        message: 'there is no message "m9": message list shows those there are',
      });
    });
  }

  it("the state of a message is told when it is mistyped", () => {
    for (const state of MESSAGE_STATES) expect(parseMessageState(state)).to.deep.equal({ ok: true, value: state });
    expect(parseMessageState("Stored").ok).to.equal(false);
  });
});

import { expect } from "chai";
import { z } from "zod";
import type { Operation } from "../../../gateway/control/operation.ts";
import { defineOperation, done, performAudited, refused } from "../../../gateway/control/operation.ts";
import { OPERATIONS } from "../../../gateway/control/operations.ts";
import { logLines } from "../log-lines.ts";
import { CONVERSATIONS, type FakeAppliance, fakeAppliance } from "./fake-appliance.ts";

const caller = { name: "test" };

describe("the operations of an operator", () => {
  let appliance: FakeAppliance;

  beforeEach(async () => {
    appliance = await fakeAppliance();
  });

  function perform(name: string, input: unknown) {
    const operation: Operation | undefined = OPERATIONS.find((known) => known.name === name);
    if (operation === undefined) throw new Error(`no operation ${name}`);
    return operation.perform(appliance, input, caller);
  }

  it("have a name each", () => {
    const names = OPERATIONS.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
  });

  for (const operation of OPERATIONS) {
    it(`${operation.name} takes no unknown field and names it`, async () => {
      const outcome = await operation.perform(appliance, { surprise: 1 }, caller);
      expect(outcome.outcome).to.equal("misused");
      if (outcome.outcome === "misused") expect(outcome.message).to.contain('"surprise"');
    });

    it(`${operation.name} takes no list`, async () => {
      expect((await operation.perform(appliance, [], caller)).outcome).to.equal("misused");
    });
  }

  it("name the field that is wrong and not its value", async () => {
    expect(await perform("user.add", { aor: 5, password: ["hunter2"] })).to.deep.equal({
      outcome: "misused",
      message: "aor: must be text; password: must be text",
    });
  });

  describe("on service parameters", () => {
    it("param.set takes effect and says before and after", async () => {
      expect(await perform("param.set", { name: "im.max-size", value: "2000" })).to.deep.equal({
        outcome: "done",
        result: { name: "im.max-size", before: "10000", after: "2000" },
        change: { what: "im.max-size", before: "10000", after: "2000" },
      });
      expect(appliance.parameters.get("im.max-size")).to.equal(2000);
      expect(await perform("param.get", { name: "im.max-size" })).to.have.nested.include({
        "result.value": "2000",
        "result.changedBy": "test",
      });
    });

    it("param.reset gives the default again", async () => {
      await perform("param.set", { name: "im.max-size", value: "2000" });
      expect(await perform("param.reset", { name: "im.max-size" })).to.have.deep.property("result", {
        name: "im.max-size",
        before: "2000",
        after: "10000",
      });
    });

    it("param.set refuses what is out of range", async () => {
      expect(await perform("param.set", { name: "im.max-size", value: "7" })).to.deep.equal({
        outcome: "refused",
        code: "invalid",
        message: "im.max-size must be a whole number in 1300..100000 bytes",
      });
    });

    for (const name of ["param.get", "param.set", "param.reset"]) {
      it(`${name} says which parameter was probably meant`, async () => {
        const input = { name: "im.maxsize", ...(name === "param.set" ? { value: "2000" } : {}) };
        expect(await perform(name, input)).to.deep.equal({
          outcome: "refused",
          code: "not-found",
          message: 'there is no parameter "im.maxsize" (did you mean "im.max-size"?)',
        });
      });
    }

    it("param.list has all of them", async () => {
      expect(await perform("param.list", {})).to.have.deep.property("result", appliance.parameters.list());
    });
  });

  describe("on conversations", () => {
    it("conversation.list has the latest up to the limit, and their number", async () => {
      expect(await perform("conversation.list", { limit: 1 })).to.have.nested.property("result.total", 2);
      expect(await perform("conversation.list", { limit: 1 })).to.have.nested.property(
        "result.conversations.length",
        1,
      );
      expect(await perform("conversation.list", {})).to.have.nested.property("result.conversations.length", 2);
      for (const limit of [0, 10_001, 1.5, "7"]) {
        expect((await perform("conversation.list", { limit })).outcome).to.equal("misused");
      }
    });

    it("conversation.show shows one", async () => {
      expect(await perform("conversation.show", { id: "c1" })).to.deep.equal({
        outcome: "done",
        result: CONVERSATIONS[1],
      });
    });

    it("conversation.expire closes one, once", async () => {
      expect((await perform("conversation.expire", { id: "c1" })).outcome).to.equal("done");
      expect(appliance.conversations.find("c1")).to.equal(undefined);
      expect(await perform("conversation.expire", { id: "c1" })).to.include({ outcome: "refused", code: "not-found" });
      expect(await perform("conversation.show", { id: "c1" })).to.include({ outcome: "refused", code: "not-found" });
    });
  });

  it("status shows how the gateway is doing", async () => {
    const outcome = await perform("status", {});
    expect(outcome).to.have.nested.include({
      outcome: "done",
      "result.version": "1.2.3",
      "result.uptimeSeconds": 90_061,
      "result.users": 0,
      "result.bindings": 3,
      "result.conversations": 2,
    });
    expect(outcome).to.have.deep.nested.include({
      "result.listeners": ["udp://127.0.0.1:5060"],
      "result.links": appliance.links.map((link) => link.status()),
      "result.counters": { "im.refused": 7 },
    });
    expect(outcome).to.have.nested.property("result.memoryBytes").above(0);
  });

  describe("are audited", () => {
    const change = { what: "thing", before: "old", after: "new" };
    const define = (changes: boolean, run: () => ReturnType<typeof done>) =>
      defineOperation({
        name: "thing.do",
        summary: "",
        ...(changes ? { changes: true } : {}),
        input: z.strictObject({}),
        run,
      });
    const rows = [
      {
        title: "done",
        operation: define(true, () => done({}, change)),
        line: { operation: "thing.do", by: "test", ...change, msg: "operation done" },
      },
      {
        title: "refused",
        operation: define(true, () => refused("exists", "it is there")),
        line: { operation: "thing.do", by: "test", code: "exists", msg: "operation refused" },
      },
    ];
    for (const { title, operation, line } of rows) {
      it(`when they change something and are ${title}`, async () => {
        const { log, lines } = logLines();
        await performAudited(operation, { appliance, input: {}, caller, log });
        expect(lines).to.have.length(1);
        expect(lines[0]).to.deep.include(line);
      });
    }

    it("but not when they only look", async () => {
      const { log, lines } = logLines();
      await performAudited(
        define(false, () => done({})),
        { appliance, input: {}, caller, log },
      );
      expect(lines).to.deep.equal([]);
    });

    it("without the password", async () => {
      const { log, lines } = logLines();
      const [add, password] = ["user.add", "user.password"].map((name) =>
        OPERATIONS.find((known) => known.name === name),
      );
      for (const operation of [add, password]) {
        if (operation === undefined) throw new Error("no such operation");
        const input = { aor: "alice@sip.test", password: "wonderland" };
        await performAudited(operation, { appliance, input, caller, log });
      }
      expect(lines).to.have.length(2);
      const user = await appliance.users.get("alice@sip.test");
      for (const secret of ["wonderland", user?.ha1Md5, user?.ha1Sha256]) {
        expect(JSON.stringify(lines)).not.to.contain(secret);
      }
    });
  });
});

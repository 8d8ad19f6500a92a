import xml from "@xmpp/xml";
import { expect } from "chai";
import { challengesOf } from "../peers/raw-phone.ts";
import { fieldOf, statusOf, writeResponse } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides, receives } from "./both-sides.ts";
import { Traffic } from "./traffic.ts";
import { messagesOf } from "./waiting.ts";

const EVERYBODY = Array.from({ length: 10 }, (_, number) => `p${number}`);

interface UserRow {
  readonly aor: string;
  readonly bindings: number;
}

describe("The gateway is restarted", () => {
  let sides: BothSides;
  let juliet: XmppClient;

  const bindingsOf = async (aor: string): Promise<number | undefined> =>
    (await sides.gateway.json<readonly UserRow[]>(["user", "list"])).find((row) => row.aor === aor)?.bindings;
  const write = (to: string, text: string) =>
    juliet.send(xml("message", { to, type: "chat", id: text }, xml("body", {}, text)));

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob", "carol", "dora", ...EVERYBODY], people: ["juliet"] });
    juliet = await sides.client("juliet");
  });
  after(() => sides.stop());

  describe("in order, with SIGTERM", () => {
    it("what is under way gets its answer, what is new gets 503 with Retry-After, and the exit code is 0", async () => {
      const [alice, bob, carol] = await Promise.all(
        ["alice", "bob", "carol"].map((user) => sides.registeredPhone(user)),
      );
      if (!alice || !bob || !carol) throw new Error("no phones");
      bob.answer = () => undefined;
      const answered = alice.message("bob@sip.test", "Good morrow, cousin.");
      const request = await waitFor("bob to get it", () => bob.requests[0]);
      sides.gateway.process.signal("SIGTERM");
      await sides.gateway.process.untilOutput(/gateway stopping/);
      const refused = await carol.message("bob@sip.test", "Is the day so young?");
      expect([statusOf(refused), fieldOf(refused, "retry-after")]).to.deep.equal([503, "5"]);
      bob.wire.send(writeResponse(request, 200, "OK"));
      expect(statusOf(await answered)).to.equal(200);
      await sides.gateway.process.untilEnded();
      expect(sides.gateway.process.exitCode).to.equal(0);
      await sides.gateway.restart("SIGTERM");
    });

    it("a phone on UDP stays registered, a conversation stays open, and a message reaches the phone", async () => {
      const alice = await sides.registeredPhone("alice");
      await write("alice@sip.test", "before");
      await waitFor("alice to get it", () => alice.texts.includes("before"));
      const before = await sides.gateway.json(["conversation", "list"]);
      await sides.gateway.restart("SIGTERM");
      expect(await sides.gateway.json(["conversation", "list"])).to.deep.equal(before);
      await write("alice@sip.test", "after");
      await waitFor("alice to get it", () => alice.texts.includes("after"));
      expect(statusOf(await alice.message("juliet@xmpp.test", "and back"))).to.equal(200);
      await receives(juliet, "and back");
    });

    it("RFC 7616 §3.3: a nonce of before is stale, and the phone that used it gets a new one", async () => {
      const alice = await sides.registeredPhone("alice");
      await sides.gateway.restart("SIGTERM");
      const register = { method: "REGISTER", uri: "sip:sip.test" };
      const response = await alice.once({ ...register, fields: alice.credentials(register) });
      expect(statusOf(response)).to.equal(401);
      expect(challengesOf(response).map(({ stale }) => stale)).to.deep.equal([true, true]);
      expect(statusOf(await alice.request(register))).to.equal(200);
    });

    it("a phone on TCP cannot be reached until it registers again: what is written meanwhile comes then", async () => {
      const before = await sides.registeredPhone("dora", { transport: "tcp" });
      await sides.gateway.restart("SIGTERM");
      await waitFor("the end of the connection", () => before.wire.ended);
      await write("dora@sip.test", "too early");
      await waitFor("it to be stored", () => /message waits for its recipient/.test(sides.gateway.output));
      const after = await sides.registeredPhone("dora", { transport: "tcp" });
      await write("dora@sip.test", "welcome back");
      await waitFor("dora to get both", () => after.texts.includes("welcome back"));
      expect(after.texts).to.deep.equal(["too early", "welcome back"]);
    });

    it("under load: nothing is lost, nothing comes twice, all of it in order", async () => {
      const traffic = await startTraffic();
      await traffic.underWay();
      await sides.gateway.restart("SIGTERM");
      traffic.goOn();
      await traffic.end();
      await traffic.close();
      expect(traffic.fromSip).to.deep.include({ lost: [], twice: 0 });
      expect(traffic.fromXmpp).to.deep.include({ lost: [], twice: 0 });
      traffic.expectOrder();
    });
  });

  it("a phone on TCP whose connection closes is unregistered at once", async () => {
    const dora = await sides.registeredPhone("dora", { transport: "tcp" });
    const before = (await bindingsOf("dora@sip.test")) ?? 0;
    await dora.wire.close();
    await waitFor("the binding to go", async () => (await bindingsOf("dora@sip.test")) === before - 1);
  });

  it("kill -9: what the phone has not answered yet still comes before what is written afterwards", async () => {
    const alice = await sides.registeredPhone("alice");
    const untilOnDisk = (count: number) =>
      waitFor("them to be on disk", async () => (await messagesOf(sides, "alice@sip.test")).length === count);
    alice.answer = () => undefined;
    await write("alice@sip.test", "one");
    await write("alice@sip.test", "two");
    await untilOnDisk(2);
    await sides.gateway.restart("SIGKILL");
    await write("alice@sip.test", "three");
    await untilOnDisk(3);
    alice.answer = () => 200;
    await waitFor("alice to get the last", () => alice.texts.includes("three"));
    expect([...new Set(alice.texts)]).to.deep.equal(["one", "two", "three"]);
  });

  it("kill -9 under load: what was accepted is delivered or its sender told, in order, and little of it twice", async () => {
    const traffic = await startTraffic();
    await traffic.underWay();
    await sides.gateway.restart("SIGKILL");
    traffic.goOn();
    await traffic.end();
    await traffic.close();
    expect(traffic.fromSip).to.deep.include({ lost: [] });
    traffic.expectLostTogether();
    traffic.expectOrder();
    traffic.expectSameIdsAfterCrash();
  });

  async function startTraffic(): Promise<Traffic> {
    const phones = await Promise.all(EVERYBODY.map((user) => sides.registeredPhone(user)));
    const traffic = new Traffic(phones, { person: "juliet@xmpp.test", atLeast: 30 });
    const client = await sides.client("juliet", "traffic");
    traffic.use(client);
    traffic.start();
    return traffic;
  }
});

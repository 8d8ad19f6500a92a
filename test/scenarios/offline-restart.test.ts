import { expect } from "chai";
import { fieldOf } from "../peers/raw-sip.ts";
import type { Slixmpp } from "../peers/slixmpp.ts";
import { waitFor } from "../peers/wait-for.ts";
import { BothSides } from "./both-sides.ts";
import { slixmppOf } from "./real-clients.ts";
import { messagesOf, untilStored } from "./waiting.ts";

const TEXTS = ["one", "two", "three"];

describe("The gateway is killed while messages wait for a SIP user", () => {
  let sides: BothSides;
  let juliet: Slixmpp;

  const write = (aor: string, texts: readonly string[]) => {
    for (const text of texts) juliet.send({ to: aor, body: text, id: `${aor} ${text}`, requestReceipt: true });
  };

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob"], people: ["juliet"] });
    juliet = await slixmppOf(sides, "juliet");
  });
  after(() => sides.stop());

  it("they come after the restart, when the phone registers, and their sender gets her receipts", async () => {
    write("alice@sip.test", TEXTS);
    await untilStored(sides, "alice@sip.test", 3);
    await sides.gateway.restart("SIGKILL");
    const alice = await sides.registeredPhone("alice");
    for (const text of TEXTS) await juliet.receipt(`alice@sip.test ${text}`);
    expect(alice.texts).to.deep.equal(TEXTS);
  });

  it("in the middle of them: those without an answer come after the restart, under their old Call-ID", async () => {
    write("bob@sip.test", TEXTS);
    await untilStored(sides, "bob@sip.test", 3);
    const bob = await sides.phone("bob");
    bob.answer = (request) => (request.body.toString() === "one" ? 200 : undefined);
    await bob.register();
    const before = await waitFor("the second", () => bob.requests.find(({ body }) => body.toString() === "two"));
    await juliet.receipt("bob@sip.test one");
    await waitFor("the first to be settled", async () => (await messagesOf(sides, "bob@sip.test")).length === 2);
    await sides.gateway.restart("SIGKILL");
    const seen = bob.requests.length;
    bob.answer = () => 200;
    await bob.register();
    for (const text of ["two", "three"]) await juliet.receipt(`bob@sip.test ${text}`);
    const after = bob.requests.slice(seen);
    expect([...new Set(after.map(({ body }) => body.toString()))]).to.deep.equal(["two", "three"]);
    expect(after.map((request) => fieldOf(request, "call-id"))).to.include(fieldOf(before, "call-id"));
    await untilStored(sides, "bob@sip.test", 0);
  });
});

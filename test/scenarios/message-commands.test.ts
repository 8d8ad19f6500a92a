import { expect } from "chai";
import { waitFor } from "../peers/wait-for.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides, chat, errorFor } from "./both-sides.ts";
import { type MessageRow, untilStored } from "./waiting.ts";

const ALICE = "alice@sip.test";
const DEFAULT_TEXT = "Your IM could not be delivered.";

describe("An operator looks after the messages that wait", () => {
  let sides: BothSides;
  let juliet: XmppClient;
  let rows: readonly MessageRow[];

  const run = (...args: readonly string[]) => sides.gateway.cli(["message", ...args]);
  const idOf = (index: number) => rows[index]?.id ?? "";

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob", "carol"], people: ["juliet"] });
    juliet = await sides.client("juliet");
    const bob = await sides.registeredPhone("bob");
    await juliet.send(chat(ALICE, "O Romeo, Romeo! 🌹", { id: "first" }));
    await untilStored(sides, ALICE, 1);
    await bob.message(ALICE, "Good morrow, cousin.");
    await untilStored(sides, ALICE, 2);
    await juliet.send(chat(ALICE, "Wherefore art thou Romeo?", { id: "third" }));
    rows = await untilStored(sides, ALICE, 3);
  });
  after(() => sides.stop());

  it("message list: a line for each, the oldest first, and no text", async () => {
    const { code, stdout } = await run("list");
    const [head = "", ...lines] = stdout.trimEnd().split("\n");
    expect(code).to.equal(0);
    expect(head.split(/ {2,}/)).to.deep.equal(["ID", "STATE", "ACCEPTED (UTC)", "FROM", "TO", "BYTES", "PROBLEM"]);
    expect(lines.map((line) => line.trimEnd().split(/ {2,}/))).to.deep.equal([
      [idOf(0), "stored", timeOf(rows[0]), juliet.jid, ALICE, "20"],
      [idOf(1), "stored", timeOf(rows[1]), "bob@sip.test", ALICE, "20"],
      [idOf(2), "stored", timeOf(rows[2]), juliet.jid, ALICE, "25"],
    ]);
    expect(stdout).not.to.contain("Romeo");
  });

  it("message list --json --state --user --limit: those alone, and how many there are", async () => {
    const list = (...args: readonly string[]) => sides.gateway.json<object>(["message", "list", ...args]);
    const { messages, total } = (await list("--limit", "2")) as { messages: readonly MessageRow[]; total: number };
    expect([total, messages.map(({ id }) => id)]).to.deep.equal([3, [idOf(0), idOf(1)]]);
    expect((await run("list", "--limit", "2")).stdout).to.match(/\n2 of 3\n$/);
    expect(await list("--state", "set-aside")).to.deep.equal({ total: 0, messages: [] });
    const ofBob = (await list("--user", "bob@sip.test")) as { messages: readonly MessageRow[]; total: number };
    expect([ofBob.total, ofBob.messages.map(({ id }) => id)]).to.deep.equal([1, [idOf(1)]]);
    expect(await list("--user", "carol@sip.test")).to.deep.equal({ total: 0, messages: [] });
    expect(await list("--user", ALICE, "--state", "stored")).to.deep.include({ total: 3 });
  });

  it("message show: all but the text; with --text that too, and the log keeps that it was read", async () => {
    const { stdout } = await run("show", idOf(0));
    expect(stdout)
      .to.match(/^state +stored$/m)
      .and.to.match(/^stanza id +first$/m);
    expect(stdout).not.to.contain("Romeo");
    expect((await run("show", idOf(0), "--text")).stdout).to.match(/\n\nO Romeo, Romeo! 🌹\n$/);
    await sides.gateway.process.untilOutput(new RegExp(`text of ${idOf(0)}`));
    expect(sides.gateway.output).not.to.contain("O Romeo");
  });

  it("what is not there or cannot be is refused in words that help", async () => {
    for (const command of ["show", "retry", "drop"]) {
      const { code, stderr } = await run(command, "no-such-id");
      expect([code, stderr]).to.deep.equal([
        1,
        'refused: there is no message "no-such-id": message list shows those there are\n',
      ]);
    }
    const misspelt = await run("list", "--state", "store");
    expect(misspelt.code).to.equal(2);
    expect(misspelt.stderr).to.contain('did you mean "stored"');
    const nobody = await run("list", "--user", "no address");
    expect(nobody.code).to.equal(1);
    expect(nobody.stderr).to.contain('"no address" is no account name');
  });

  it("message retry: without a phone nothing is tried, and it says so", async () => {
    const { code, stdout } = await run("retry", idOf(0));
    const why = `it goes at the next REGISTER of ${ALICE}, who has no phone now`;
    expect([code, stdout]).to.deep.equal([0, `${idOf(0)} is not tried now: ${why}\n`]);
  });

  it("message drop: it will not be delivered, and its sender is told that it was dropped", async () => {
    expect((await run("drop", idOf(0))).stdout).to.equal(`dropped ${idOf(0)}; its sender is told\n`);
    expect(await errorFor(juliet, "first")).to.deep.include({
      condition: "recipient-unavailable",
      type: "cancel",
      text: `${DEFAULT_TEXT} The administrator has removed the message`,
    });
    expect((await untilStored(sides, ALICE, 2)).map(({ id }) => id)).to.deep.equal([idOf(1), idOf(2)]);
    expect((await run("drop", idOf(0))).code).to.equal(1);
  });

  it("message retry: a phone that turned all away gets them, in order, without a REGISTER", async () => {
    const alice = await sides.phone("alice");
    alice.answer = () => 480;
    await alice.register();
    await waitFor("the first attempt", () => alice.texts.length > 0);
    await untilStored(sides, ALICE, 2);
    alice.answer = () => 200;
    const { code, stdout } = await run("retry", idOf(2));
    expect([code, stdout]).to.deep.equal([0, `${idOf(2)} is tried again\n`]);
    await waitFor("both", () => alice.texts.includes("Wherefore art thou Romeo?"));
    expect([...new Set(alice.texts)]).to.deep.equal(["Good morrow, cousin.", "Wherefore art thou Romeo?"]);
    await untilStored(sides, ALICE, 0);
  });

  it("one that a phone has and has not answered is being sent: it is neither tried again nor dropped", async () => {
    const carol = await sides.registeredPhone("carol", { transport: "tcp" });
    carol.answer = () => undefined;
    await juliet.send(chat("carol@sip.test", "Art thou not Romeo?"));
    await waitFor("it", () => carol.texts.length > 0);
    const { messages } = await sides.gateway.json<{ messages: readonly MessageRow[] }>(["message", "list"]);
    expect(messages.map(({ state }) => state)).to.deep.equal(["handed-over"]);
    for (const command of ["retry", "drop"]) {
      const { code, stderr } = await run(command, messages[0]?.id ?? "");
      expect(code).to.equal(1);
      expect(stderr).to.contain("is being sent at this moment");
    }
    await carol.wire.close();
  });

  it("user remove: nobody else ever gets what waits for that user, and its senders are told", async () => {
    await sides.gateway.cli(["user", "add", "dora@sip.test"], "a rose");
    await juliet.send(chat("dora@sip.test", "Good night, good night!", { id: "parting" }));
    await untilStored(sides, "dora@sip.test", 1);
    const removed = await sides.gateway.json<object>(["user", "remove", "dora@sip.test"]);
    expect(removed).to.deep.equal({ aor: "dora@sip.test", messages: 1 });
    const { condition, text } = await errorFor(juliet, "parting");
    expect([condition, text]).to.deep.equal(["item-not-found", `${DEFAULT_TEXT} There is no such user`]);

    await sides.gateway.cli(["user", "add", "dora@sip.test"], "another rose");
    await juliet.send(chat("dora@sip.test", "Welcome"));
    await untilStored(sides, "dora@sip.test", 1);
    const next = await sides.registeredPhone("dora", { password: "another rose" });
    await untilStored(sides, "dora@sip.test", 0);
    expect(next.texts).to.deep.equal(["Welcome"]);
  });
});

function timeOf(row: MessageRow | undefined): string {
  return new Date(row?.acceptedAt ?? 0).toISOString().slice(0, 19).replace("T", " ");
}

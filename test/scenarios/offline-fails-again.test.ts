import { expect } from "chai";
import type { RawPhone } from "../peers/raw-phone.ts";
import { waitFor } from "../peers/wait-for.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides, chat } from "./both-sides.ts";
import { untilStored } from "./waiting.ts";

const BEFORE = ["one", "two", "three", "four", "five"];
const AFTER = ["six", "seven"];

describe("A phone fails again in the middle of the messages that waited for it", () => {
  let sides: BothSides;
  let juliet: XmppClient;

  const write = async (aor: string, texts: readonly string[]) => {
    for (const text of texts) await juliet.send(chat(aor, text));
  };
  const taken = (phone: RawPhone) => [...new Set(phone.texts)];

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob"], people: ["juliet"] });
    juliet = await sides.client("juliet");
  });
  after(() => sides.stop());

  it("its connection closes: the rest waits for the next REGISTER, and what is written meanwhile waits behind it", async () => {
    await write("alice@sip.test", BEFORE);
    await untilStored(sides, "alice@sip.test", BEFORE.length);
    const before = await sides.phone("alice", { transport: "tcp" });
    before.answer = ({ body }) => (body.toString() === "four" ? undefined : 200);
    await before.register();
    await waitFor("the fourth", () => before.texts.includes("four"));
    await before.wire.close();
    await write("alice@sip.test", AFTER);
    await untilStored(sides, "alice@sip.test", 4);

    const after = await sides.registeredPhone("alice", { transport: "tcp" });
    await waitFor("the last", () => after.texts.includes("seven"));
    expect(taken(before)).to.deep.equal(["one", "two", "three", "four"]);
    expect(after.texts).to.deep.equal(["four", "five", ...AFTER]);
    expect(juliet.messages).to.deep.equal([]);
  });

  it("it answers 480: the same, and nothing else is sent to it until it registers", async () => {
    await write("bob@sip.test", BEFORE);
    await untilStored(sides, "bob@sip.test", BEFORE.length);
    const bob = await sides.phone("bob");
    bob.answer = ({ body }) => (body.toString() === "four" ? 480 : 200);
    await bob.register();
    await waitFor("the fourth", () => bob.texts.includes("four"));
    await write("bob@sip.test", AFTER);
    const rows = await untilStored(sides, "bob@sip.test", 4);
    expect(rows.map(({ from }) => from)).to.deep.equal(Array(4).fill(juliet.jid));
    expect(taken(bob)).to.deep.equal(["one", "two", "three", "four"]);

    bob.answer = () => 200;
    await bob.register();
    await waitFor("the last", () => bob.texts.includes("seven"));
    expect(taken(bob)).to.deep.equal([...BEFORE, ...AFTER]);
    expect(juliet.messages).to.deep.equal([]);
    await untilStored(sides, "bob@sip.test", 0);
  });
});

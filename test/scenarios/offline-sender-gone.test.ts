import { expect } from "chai";
import { waitFor } from "../peers/wait-for.ts";
import { BothSides, chat, receives } from "./both-sides.ts";
import { letWait, untilStored } from "./waiting.ts";

const DEFAULT_TEXT = "Your IM could not be delivered.";
const TEXT = "Wherefore art thou?";

/** A server drops an error to a resource that has gone (RFC 6121 §8.5.3.2.3), and keeps a message for the person. */
describe("An XMPP user has signed out when a message of hers is given up, hours later", () => {
  let sides: BothSides;

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob"], people: ["juliet"] });
  });
  after(() => sides.stop());

  const writeAndLeave = async (aor: string): Promise<string> => {
    const juliet = await sides.client("juliet", "balcony");
    await juliet.send(chat(aor, TEXT));
    const [row] = await untilStored(sides, aor, 1);
    await juliet.stop();
    await letWait(sides.gateway, { hours: 2 });
    return row?.id ?? "";
  };

  const readsElsewhere = async (aor: string, why: string): Promise<void> => {
    await waitFor("the server to have it", async () => {
      const { total } = await sides.gateway.json<{ readonly total: number }>(["message", "list"]);
      return total === 0;
    });
    const juliet = await sides.client("juliet", "chamber");
    await receives(juliet, `${DEFAULT_TEXT} ${why} “${TEXT}”`);
    expect(juliet.messages.map(({ attrs }) => [attrs["from"], attrs["type"]])).to.deep.equal([[aor, "chat"]]);
    await juliet.stop();
  };

  it("by an operator: she reads it in words when she signs in with another client", async () => {
    const aor = "alice@sip.test";
    const id = await writeAndLeave(aor);
    await sides.gateway.json(["message", "drop", id]);
    await readsElsewhere(aor, "The administrator has removed the message");
  });

  it("im.offline-expiry: the same", async () => {
    const aor = "bob@sip.test";
    await writeAndLeave(aor);
    await sides.gateway.json(["param", "set", "im.offline-expiry", "3600"]);
    await readsElsewhere(aor, "The user did not come back in time");
  });
});

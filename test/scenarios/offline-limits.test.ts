import { expect } from "chai";
import type { ParameterName } from "../../gateway/parameters.ts";
import type { StanzaError } from "../../xmpp/stanza-error.ts";
import { reasonOf, statusOf } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides, chat, errorFor } from "./both-sides.ts";
import { letWait, untilStored } from "./waiting.ts";

const DEFAULT_TEXT = "Your IM could not be delivered.";

describe("The offline store has limits, and they change while the gateway runs", () => {
  let sides: BothSides;
  let juliet: XmppClient;

  const set = (name: ParameterName, value: string) => sides.gateway.json(["param", "set", name, value]);
  const reset = (name: ParameterName) => sides.gateway.json(["param", "reset", name]);
  const keeps = async (aor: string, text: string, count: number) => {
    await juliet.send(chat(aor, text));
    return untilStored(sides, aor, count);
  };
  const refuses = async (aor: string, text: string): Promise<StanzaError> => {
    await juliet.send(chat(aor, text, { id: text }));
    return errorFor(juliet, text);
  };

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob", "carol", "dave"], people: ["juliet"] });
    juliet = await sides.client("juliet");
  });
  after(() => sides.stop());

  it("im.offline-quota: one more is refused with the number, resource-constraint or 480", async () => {
    const aor = "alice@sip.test";
    const bob = await sides.registeredPhone("bob");
    await set("im.offline-quota", "2");
    for (const n of [1, 2]) await keeps(aor, `alice ${n}`, n);
    const why = `${DEFAULT_TEXT} The user is away and too many messages wait already: 2 messages wait, at most 2 can`;
    expect(await refuses(aor, "one too many")).to.include({
      condition: "resource-constraint",
      type: "wait",
      text: why,
    });
    const answer = await bob.message(aor, "one too many");
    expect([statusOf(answer), reasonOf(answer)]).to.deep.equal([480, why]);

    await set("im.offline-quota", "3");
    await keeps(aor, "alice 3", 3);
    await reset("im.offline-quota");
    expect(statusOf(await bob.message(aor, "from Bob"))).to.equal(202);

    const alice = await sides.registeredPhone("alice");
    await waitFor("the last", () => alice.texts.includes("from Bob"));
    expect(alice.texts).to.deep.equal(["alice 1", "alice 2", "alice 3", "from Bob"]);
  });

  it("im.suppress-offline on: refused, even behind others that wait already; those still come", async () => {
    const aor = "carol@sip.test";
    await keeps(aor, "before", 1);
    await set("im.suppress-offline", "on");
    const why = {
      condition: "recipient-unavailable",
      text: `${DEFAULT_TEXT} The user is not registered with any device`,
    };
    expect(await refuses(aor, "behind another")).to.include(why);
    expect(await refuses("dave@sip.test", "the first")).to.include(why);
    const bob = await sides.registeredPhone("bob");
    expect(statusOf(await bob.message("dave@sip.test", "from Bob"))).to.equal(480);

    await set("im.suppress-offline", "off");
    await keeps(aor, "after", 2);
    const carol = await sides.registeredPhone("carol");
    await waitFor("the last", () => carol.texts.includes("after"));
    expect(carol.texts).to.deep.equal(["before", "after"]);
  });

  it("im.offline-expiry: what has waited for longer is given up at once, and its sender told, once", async () => {
    const aor = "dave@sip.test";
    await juliet.send(chat(aor, "too old", { id: "too old" }));
    await untilStored(sides, aor, 1);
    await letWait(sides.gateway, { hours: 2 });
    await keeps(aor, "new", 2);
    await set("im.offline-expiry", "3600");
    expect(await errorFor(juliet, "too old")).to.include({
      condition: "recipient-unavailable",
      type: "cancel",
      text: `${DEFAULT_TEXT} The user did not come back in time`,
    });
    await untilStored(sides, aor, 1);

    const dave = await sides.registeredPhone("dave");
    await waitFor("the new one", () => dave.texts.includes("new"));
    expect(dave.texts).to.deep.equal(["new"]);
    expect(juliet.messages.filter(({ attrs }) => attrs["id"] === "too old")).to.have.lengthOf(1);
  });
});

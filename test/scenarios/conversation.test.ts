import { expect } from "chai";
import type { ConversationView } from "../../gateway/control/appliance.ts";
import type { RawPhone } from "../peers/raw-phone.ts";
import { fieldOf, statusOf } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides, chat, receives } from "./both-sides.ts";

const ALICE = "alice@sip.test";
const JULIET = "juliet@xmpp.test";

describe("Alice on SIP and Juliet on XMPP have a conversation", () => {
  let sides: BothSides;
  let alice: RawPhone;
  let juliet: XmppClient;

  const list = () =>
    sides.gateway.json<{ total: number; conversations: readonly ConversationView[] }>(["conversation", "list"]);
  const show = (id: string) => sides.gateway.json<ConversationView>(["conversation", "show", id]);
  const only = async (): Promise<ConversationView> => {
    const { total, conversations } = await list();
    expect(total).to.equal(1);
    const [first] = conversations;
    if (first === undefined) throw new Error("a list of one without an entry");
    return first;
  };

  before(async () => {
    sides = await BothSides.start({ users: ["alice"], people: ["juliet"] });
    alice = await sides.registeredPhone("alice");
    juliet = await sides.client("juliet");
  });
  after(() => sides.stop());

  const fromAlice = async (text: string, callId: string): Promise<void> => {
    expect(statusOf(await alice.message(JULIET, text, { "Call-ID": callId }))).to.equal(200);
    await receives(juliet, text);
  };

  const fromJuliet = async (text: string, thread?: string): Promise<void> => {
    await juliet.send(chat(ALICE, text, thread === undefined ? {} : { thread }));
    await waitFor("alice to get it", () => alice.texts.includes(text));
  };

  const threadOf = (text: string): string | null => {
    const stanza = juliet.messages.find((each) => each.getChildText("body") === text);
    return stanza?.getChildText("thread") ?? null;
  };

  it("the first message opens it, the answers belong to it", async () => {
    expect(await list()).to.deep.equal({ total: 0, conversations: [] });
    await fromAlice("Good day.", "first");
    await fromJuliet("Good day to you.");
    const conversation = await only();
    expect(conversation).to.include({ aor: ALICE, jid: JULIET, thread: "first", fromSip: 1, fromXmpp: 1 });
    expect(await show(conversation.id)).to.deep.equal(conversation);
  });

  it("RFC 7572 §5: the thread that Juliet sees stays, although the phone takes a new Call-ID each time", async () => {
    for (const number of ["second", "third"]) await fromAlice(`the ${number}`, number);
    expect(["Good day.", "the second", "the third"].map(threadOf)).to.deep.equal(["first", "first", "first"]);
  });

  it("a thread that Juliet's client begins takes over, also when she writes on without it", async () => {
    await fromJuliet("About tomorrow:", "tomorrow");
    await fromJuliet("when?");
    await fromAlice("At nine.", "fourth");
    expect(threadOf("At nine.")).to.equal("tomorrow");
    expect(await only()).to.include({ thread: "tomorrow", fromSip: 4, fromXmpp: 3 });
  });

  it("every MESSAGE to the phone has a Call-ID of its own, none of which the phone used", async () => {
    await fromJuliet("one");
    await fromJuliet("two", "tomorrow");
    const heard = new Map(alice.requests.map((request) => [fieldOf(request, "call-id"), request.body.toString()]));
    expect([...heard.values()].slice(-2)).to.deep.equal(["one", "two"]);
    expect(heard.size).to.equal(new Set(alice.texts).size);
    expect([...heard.keys()]).not.to.include.oneOf(["first", "second", "third", "fourth"]);
  });

  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    it(`it survives a restart after ${signal}, with its thread`, async () => {
      const before = await only();
      await sides.gateway.restart(signal);
      expect(await show(before.id)).to.include({ id: before.id, thread: "tomorrow" });
      await fromAlice(`after ${signal}`, `after-${signal}`);
      expect(threadOf(`after ${signal}`)).to.equal("tomorrow");
    });
  }

  it("the operator closes it: the next message opens another one, with a new thread", async () => {
    const { id } = await only();
    expect(await sides.gateway.json(["conversation", "expire", id])).to.deep.equal({ id });
    expect(await list()).to.deep.equal({ total: 0, conversations: [] });
    for (const what of ["show", "expire"]) {
      const { code, stderr } = await sides.gateway.cli(["conversation", what, id]);
      expect(code).to.equal(1);
      expect(stderr).to.contain(`there is no open conversation "${id}"`);
    }
    await fromAlice("Once more.", "afresh");
    expect(threadOf("Once more.")).to.equal("afresh");
    expect(await only())
      .to.include({ thread: "afresh", fromSip: 1, fromXmpp: 0 })
      .and.not.include({ id });
  });

  it("idle for im-gateway.inactive-timeout, changed while it is open, it closes by itself", async () => {
    await sides.gateway.json(["param", "set", "im-gateway.inactive-timeout", "10"]);
    const { id } = await only();
    await sides.gateway.process.untilOutput(new RegExp(`"conversation":"${id}".*"why":"inactive"`));
    expect(await list()).to.deep.equal({ total: 0, conversations: [] });
    await fromJuliet("Art thou gone?");
    expect(await only()).to.include({ fromSip: 0, fromXmpp: 1 });
  });
});

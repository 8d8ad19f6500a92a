import { expect } from "chai";
import type { Linphone } from "../peers/linphone.ts";
import type { RawPhone } from "../peers/raw-phone.ts";
import { statusOf, token } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides, chat, receives } from "./both-sides.ts";
import { linphoneOf } from "./real-clients.ts";

const ALICE = "alice@sip.test";
const BOB = "bob@sip.test";
const JULIET = "juliet@xmpp.test";

describe("RFC 3261 §16.6, RFC 3428 §4: Alice has a Linphone and a desk phone, and Juliet on XMPP writes to her", () => {
  let sides: BothSides;
  let juliet: XmppClient;
  let linphone: Linphone;
  let desk: RawPhone;

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob"], people: ["juliet"] });
    juliet = await sides.client("juliet");
    linphone = await linphoneOf(sides, "alice");
    desk = await sides.registeredPhone("alice", { transport: "tcp" });
  });
  after(() => sides.stop());

  /** Ids are texts, so that an error can be told from the message that it is about. */
  const write = (text: string): Promise<void> => juliet.send(chat(ALICE, text, { id: text }));

  const atDesk = (text: string): Promise<true> =>
    waitFor(`the desk phone to get ${text}`, () => desk.texts.includes(text) || undefined);

  const reachesBoth = async (): Promise<void> => {
    const text = `to both ${token()}`;
    await write(text);
    await Promise.all([atDesk(text), linphone.received(text)]);
  };

  /** Alice answers from the desk; gives a text that Juliet wrote to it alone. */
  const talkAtDesk = async (): Promise<string> => {
    const reply = `from the desk ${token()}`;
    expect(statusOf(await desk.message(JULIET, reply))).to.equal(200);
    await receives(juliet, reply);
    const text = `to the desk ${token()}`;
    await write(text);
    await atDesk(text);
    return text;
  };

  /** IMs of one conversation go one after the other: when Linphone has a later one, it will not get an earlier one. */
  const linphoneHas = (text: string): boolean => linphone.messages.some((message) => message.text === text);

  it("until she replies, every message reaches both", async () => {
    await reachesBoth();
    await reachesBoth();
    expect(await sides.conversationOf(ALICE)).not.to.have.property("sipLock");
  });

  it("she replies from the desk: the next messages go there alone, also when that phone registers again", async () => {
    const texts = [await talkAtDesk()];
    expect((await sides.conversationOf(ALICE)).sipLock).to.contain(`${desk.wire.port}`);
    expect(statusOf(await desk.register())).to.equal(200);
    const text = `to the desk ${token()}`;
    await write(text);
    await atDesk(text);
    await sides.closeConversationOf(ALICE);
    await reachesBoth();
    expect([...texts, text].map(linphoneHas)).to.deep.equal([false, false]);
  });

  it("she replies from the Linphone: the next messages go there alone, from the desk again: to the desk", async () => {
    const reply = `from the Linphone ${token()}`;
    linphone.send(`sip:${JULIET}`, reply);
    await receives(juliet, reply);
    const text = `to the Linphone ${token()}`;
    await write(text);
    await linphone.received(text);
    const atTheDesk = await talkAtDesk();
    expect(desk.texts).not.to.include(text);
    await sides.closeConversationOf(ALICE);
    await reachesBoth();
    expect(linphoneHas(atTheDesk)).to.equal(false);
  });

  for (const { what, release } of [
    {
      what: "unregisters",
      release: async () => {
        expect(statusOf(await desk.register(0))).to.equal(200);
      },
    },
    {
      what: "loses its connection",
      release: async () => {
        await desk.wire.close();
        await sides.gateway.process.untilOutput(
          new RegExp(`"lock":"[^"]*:${desk.wire.port};[^"]*","why":"binding gone"`),
        );
      },
    },
  ]) {
    it(`the phone that she replied from ${what}: the next message goes to the other, and to both once it is back`, async () => {
      const before = await talkAtDesk();
      await release();
      const text = `it ${what}`;
      await write(text);
      await linphone.received(text);
      desk = await sides.registeredPhone("alice", { transport: "tcp" });
      await reachesBoth();
      expect(linphoneHas(before)).to.equal(false);
      expect(desk.texts).not.to.include(text);
    });
  }

  for (const status of [408, 480, 486, 500, 503]) {
    it(`the phone that she replied from answers ${status}: the other gets that message, and both the next`, async () => {
      await talkAtDesk();
      desk.answer = () => status;
      const text = `answered ${status}`;
      await write(text);
      await linphone.received(text);
      desk.answer = () => 200;
      await reachesBoth();
      expect(desk.texts.filter((each) => each === text)).to.have.lengthOf(1);
      expect(juliet.messages.filter(({ attrs }) => attrs["type"] === "error")).to.deep.equal([]);
    });
  }

  it("she declines at the phone that she replied from, 603: nobody rings elsewhere, and Juliet is told", async () => {
    await talkAtDesk();
    desk.answer = () => 603;
    await write("declined");
    await waitFor("the error", () => juliet.messages.find(({ attrs }) => attrs["id"] === "declined"));
    desk.answer = () => 200;
    await reachesBoth();
    expect(linphoneHas("declined")).to.equal(false);
  });

  it("im.forking, changed while they talk: all sends to all, until-reply to the one that replied", async () => {
    const before = await talkAtDesk();
    await sides.gateway.json(["param", "set", "im.forking", "all"]);
    await reachesBoth();
    await talkAtDesk();
    await reachesBoth();
    await sides.gateway.json(["param", "set", "im.forking", "until-reply"]);
    const after = await talkAtDesk();
    await sides.closeConversationOf(ALICE);
    await reachesBoth();
    expect([before, after].map(linphoneHas)).to.deep.equal([false, false]);
  });

  describe("RFC 3261 §16.6 step 5: phones of different q", () => {
    const phones: RawPhone[] = [];

    before(async () => {
      for (const q of ["1.0", "1.0", "0.5"]) {
        const phone = await sides.phone("bob");
        const fields = { Contact: `${phone.contact};q=${q}`, Expires: "600" };
        expect(statusOf(await phone.request({ method: "REGISTER", uri: "sip:sip.test", fields }))).to.equal(200);
        phones.push(phone);
      }
    });

    for (const { what, answers, asked } of [
      { what: "one of the highest takes it: the lower one is not asked", answers: [200, 480, 200], asked: [1, 1, 0] },
      { what: "none of the highest takes it: the lower one is asked", answers: [486, 480, 200], asked: [1, 1, 1] },
      {
        what: "one of the highest declines for all: the lower one is not asked",
        answers: [603, 486, 200],
        asked: [1, 1, 0],
      },
    ]) {
      it(what, async () => {
        for (const [index, phone] of phones.entries()) phone.answer = () => answers[index];
        await juliet.send(chat(BOB, what, { id: what }));
        await sides.gateway.process.untilOutput(
          new RegExp(`"stanzaId":"${what}".*"message (not delivered|relayed) to SIP"`),
        );
        for (const phone of phones) phone.answer = () => 200;
        const next = `behind ${what}`;
        await juliet.send(chat(BOB, next));
        await waitFor(next, () => phones[0]?.texts.includes(next));
        expect(phones.map(({ texts }) => texts.filter((text) => text === what).length)).to.deep.equal(asked);
      });
    }
  });
});

import { expect } from "chai";
import { fieldOf, token } from "../peers/raw-sip.ts";
import type { Slixmpp } from "../peers/slixmpp.ts";
import { waitFor } from "../peers/wait-for.ts";
import { BothSides } from "./both-sides.ts";
import { linphoneOf, slixmppOf } from "./real-clients.ts";
import { letWait, untilStored } from "./waiting.ts";

const ALICE = "alice@sip.test";
const BOB = "bob@sip.test";
const NUMBERS = Array.from({ length: 20 }, (_, number) => number + 1);
const AWAY_HOURS = 5;

/** Whole seconds since the epoch, as SIP tells the time. */
const now = () => Math.floor(Date.now() / 1000);

describe("An XMPP user writes to somebody whose phone is off", () => {
  let sides: BothSides;
  let juliet: Slixmpp;

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob"], people: ["juliet"] });
    juliet = await slixmppOf(sides, "juliet");
  });
  after(() => sides.stop());

  it("20 messages come to Linphone when it registers, in order, with the time of each, and only then are receipts sent", async () => {
    const before = now();
    for (const n of NUMBERS) juliet.send({ to: ALICE, body: `news ${n}`, id: `n${n}`, requestReceipt: true });
    await untilStored(sides, ALICE, NUMBERS.length);
    const after = now();
    await letWait(sides.gateway, { hours: AWAY_HOURS });
    expect(juliet.messages.map(({ xml }) => xml)).to.deep.equal([]);

    const alice = await linphoneOf(sides, "alice");
    await alice.received("news 20");
    expect(alice.messages.map(({ text }) => text)).to.deep.equal(NUMBERS.map((n) => `news ${n}`));
    for (const { time, from } of alice.messages) {
      expect(from).to.equal("sip:juliet@xmpp.test");
      expect(time + AWAY_HOURS * 3600).to.be.within(before, after);
    }
    for (const n of NUMBERS) await juliet.receipt(`n${n}`);
    expect(juliet.messages.filter(({ error }) => error !== null)).to.deep.equal([]);
    await untilStored(sides, ALICE, 0);
  });

  it("RFC 3862 §4.4: a phone that showed that it takes CPIM finds the time in DateTime too", async () => {
    const bob = await sides.registeredPhone("bob");
    const cpim = `From: <sip:${BOB}>\r\nTo: <sip:juliet@xmpp.test>\r\n\r\nContent-Type: text/plain\r\n\r\nI take CPIM`;
    await bob.message("juliet@xmpp.test", cpim, { "Content-Type": "message/cpim" });
    await juliet.received("I take CPIM");

    bob.answer = () => 480; // "do not disturb"
    const before = now();
    juliet.send({ to: BOB, body: "the lark", id: token() });
    await untilStored(sides, BOB, 1);
    const after = now();

    bob.answer = () => 200;
    const refused = bob.requests.length;
    await bob.register();
    const request = await waitFor("bob to get it", () => bob.requests[refused]);
    const body = request.body.toString("utf8");
    expect(fieldOf(request, "content-type")).to.equal("message/cpim");
    expect(body).to.match(/\r\n\r\nthe lark$/);
    const dateTime = Date.parse(/^DateTime: (.+)\r$/m.exec(body)?.[1] ?? "") / 1000;
    expect(dateTime).to.be.within(before, after);
    expect(Date.parse(fieldOf(request, "date") ?? "") / 1000).to.equal(dateTime);
  });
});

import { expect } from "chai";
import { freePort } from "../peers/free-port.ts";
import { passwordOf } from "../peers/gateway.ts";
import type { RawPhone } from "../peers/raw-phone.ts";
import { writeResponse } from "../peers/raw-sip.ts";
import { runSipp, Sipp } from "../peers/sipp.ts";
import { answerMessageScenario, registerScenario } from "../peers/sipp-scenarios.ts";
import { waitFor } from "../peers/wait-for.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides, chat, errorFor } from "./both-sides.ts";

const CAROL = "carol@sip.test";
const DAVE = "dave@sip.test";

const ANSWERS = [
  { status: 486, reason: "Busy Here", condition: "recipient-unavailable", type: "wait" },
  { status: 500, reason: "Server Internal Error", condition: "internal-server-error", type: "cancel" },
  { status: 603, reason: "Decline", condition: "recipient-unavailable", type: "wait" },
  { status: 415, reason: "Médias seulement", condition: "not-acceptable", type: "modify" },
  { status: 499, reason: "Of No Standard", condition: "bad-request", type: "modify" },
] as const;

describe("RFC 7247 §7: a phone refuses a message, and the XMPP user who wrote it is told", () => {
  let sides: BothSides;
  let juliet: XmppClient;
  let localPort: number; // of Carol's phone

  before(async () => {
    sides = await BothSides.start({ users: ["carol", "dave"], people: ["juliet"] });
    juliet = await sides.client("juliet");
    await sides.gateway.json(["param", "set", "im-gateway.error-message", "Not for them:"]);
    localPort = await freePort();
    const scenario = registerScenario({ aor: CAROL, password: passwordOf("carol") });
    const { exitCode, errors } = await runSipp({ scenario, localPort, remote: `127.0.0.1:${sides.gateway.sipPort}` });
    expect(exitCode, errors).to.equal(0);
  });
  after(() => sides.stop());

  for (const { status, reason, condition, type } of ANSWERS) {
    it(`with ${status} ${reason}: ${condition}, its own id, the configured text with code and reason`, async () => {
      const answering = new Sipp({ scenario: answerMessageScenario(status, reason), localPort });
      sides.endsWith(() => answering.stop());
      await juliet.send(chat(CAROL, "Art thou there?", { id: `id-${status}` }));
      const error = await errorFor(juliet, `id-${status}`);
      expect(error).to.deep.include({ condition, type, text: `Not for them: (SIP ${status} ${reason})` });
      const stanza = juliet.messages.find(({ attrs }) => attrs["id"] === `id-${status}`);
      expect(stanza?.attrs).to.include({ type: "error", from: CAROL, to: juliet.jid });
      const { exitCode, errors } = await answering.result();
      expect(exitCode, errors).to.equal(0);
    });
  }

  describe("with two devices: RFC 3261 §16.7", () => {
    let desk: RawPhone;
    let pocket: RawPhone;

    before(async () => {
      desk = await sides.registeredPhone("dave");
      pocket = await sides.registeredPhone("dave");
    });

    for (const { what, answer } of [
      { what: "is busy", answer: 486 },
      { what: "declines", answer: 603 },
      { what: "is silent until later", answer: undefined },
    ]) {
      it(`one of which ${what}: the other has the message, and no error comes back`, async () => {
        const text = `one ${what}`;
        const holds = (phone: RawPhone) => waitFor(text, () => phone.requests.find(({ body }) => `${body}` === text));
        desk.answer = () => answer;
        pocket.answer = () => undefined; // until the first has answered
        await juliet.send(chat(DAVE, text, { id: text }));
        await holds(desk);
        pocket.wire.send(writeResponse(await holds(pocket), 200, "OK"));
        await sides.gateway.process.untilOutput(new RegExp(`"stanzaId":"${text}".*"message relayed to SIP"`));
        if (answer === undefined) desk.wire.send(writeResponse(await holds(desk), 480, "Too Late"));
        await juliet.send(chat("nobody@sip.test", "behind it", { id: `behind ${text}` }));
        await errorFor(juliet, `behind ${text}`);
        expect(juliet.messages.filter(({ attrs }) => attrs["id"] === text)).to.deep.equal([]);
      });
    }

    for (const { first, second, told } of [
      { first: 503, second: 486, told: 486 },
      { first: 404, second: 603, told: 603 },
    ]) {
      it(`which answer ${first} and ${second}: one error comes back, about ${told}`, async () => {
        const id = `${first} and ${second}`;
        desk.answer = () => first;
        pocket.answer = () => second;
        await juliet.send(chat(DAVE, "Hello?", { id }));
        expect((await errorFor(juliet, id)).text).to.equal(`Not for them: (SIP ${told} No)`);
        await juliet.send(chat("nobody@sip.test", "behind it", { id: `behind ${id}` }));
        await errorFor(juliet, `behind ${id}`);
        expect(juliet.messages.filter(({ attrs }) => attrs["id"] === id)).to.have.lengthOf(1);
      });
    }
  });
});

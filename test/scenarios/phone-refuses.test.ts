import { expect } from "chai";
import { freePort } from "../peers/free-port.ts";
import { passwordOf } from "../peers/gateway.ts";
import { runSipp, Sipp } from "../peers/sipp.ts";
import { answerMessageScenario, registerScenario } from "../peers/sipp-scenarios.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides, chat, errorFor } from "./both-sides.ts";

const CAROL = "carol@sip.test";

const ANSWERS = [
  { status: 486, reason: "Busy Here", condition: "recipient-unavailable", type: "wait" },
  { status: 500, reason: "Server Internal Error", condition: "internal-server-error", type: "cancel" },
  { status: 603, reason: "Decline", condition: "recipient-unavailable", type: "wait" },
  { status: 415, reason: "Médias seulement", condition: "not-acceptable", type: "modify" },
  { status: 499, reason: "Of No Standard", condition: "bad-request", type: "modify" },
] as const;

describe("RFC 7247 §7: Carol's phone refuses a message, and the XMPP user who wrote it is told", () => {
  let sides: BothSides;
  let juliet: XmppClient;
  let localPort: number; // of Carol's phone

  before(async () => {
    sides = await BothSides.start({ users: ["carol"], people: ["juliet"] });
    juliet = await sides.client("juliet");
    await sides.gateway.json(["param", "set", "im-gateway.error-message", "Not for Carol:"]);
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
      expect(error).to.deep.include({ condition, type, text: `Not for Carol: (SIP ${status} ${reason})` });
      const stanza = juliet.messages.find(({ attrs }) => attrs["id"] === `id-${status}`);
      expect(stanza?.attrs).to.include({ type: "error", from: CAROL, to: juliet.jid });
      const { exitCode, errors } = await answering.result();
      expect(exitCode, errors).to.equal(0);
    });
  }
});

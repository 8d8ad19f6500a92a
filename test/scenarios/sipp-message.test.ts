import { expect } from "chai";
import { passwordOf } from "../peers/gateway.ts";
import { runSipp } from "../peers/sipp.ts";
import { sendMessageScenario } from "../peers/sipp-scenarios.ts";
import { waitFor } from "../peers/wait-for.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides, textsOf } from "./both-sides.ts";

const MESSAGES = 100;

/** One call after the other, without a pause: RFC 3428 §8 wants no second MESSAGE before the answer to the first. */
const args = ["-l", "1", "-r", "1000"];

describe("SIPp, as Alice, sends Juliet a hundred messages with digest", () => {
  let sides: BothSides;
  let juliet: XmppClient;

  before(async () => {
    sides = await BothSides.start({ users: ["alice"], people: ["juliet"] });
    juliet = await sides.client("juliet");
  });
  after(() => sides.stop());

  for (const transport of ["udp", "tcp"] as const) {
    it(`over ${transport.toUpperCase()}: each is answered 200 and arrives once, in the order of sending`, async () => {
      const scenario = sendMessageScenario({
        from: "alice@sip.test",
        to: "sip:juliet@xmpp.test",
        body: `${transport} [call_number]`,
        password: passwordOf("alice"),
        expect: 200,
      });
      const remote = `127.0.0.1:${sides.gateway.sipPort}`;
      const { exitCode, errors } = await runSipp({ scenario, remote, transport, calls: MESSAGES, args });
      expect(exitCode, errors).to.equal(0);
      const arrived = () => textsOf(juliet).filter((text) => text.startsWith(transport));
      await waitFor("all to arrive", () => arrived().length >= MESSAGES);
      const wanted = Array.from({ length: MESSAGES }, (_, index) => `${transport} ${index + 1}`);
      expect(arrived()).to.deep.equal(wanted);
    });
  }
});

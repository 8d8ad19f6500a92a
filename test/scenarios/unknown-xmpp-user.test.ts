import { expect } from "chai";
import { startEjabberd } from "../peers/ejabberd.ts";
import { passwordOf } from "../peers/gateway.ts";
import { startProsody } from "../peers/prosody.ts";
import { runSipp } from "../peers/sipp.ts";
import { sendMessageScenario } from "../peers/sipp-scenarios.ts";
import { BothSides } from "./both-sides.ts";
import { linphoneOf } from "./real-clients.ts";

const ACCEPTED = /^SIP\/2\.0 2\d\d/m;

for (const [server, startServer] of [
  ["Prosody", startProsody],
  ["ejabberd", startEjabberd],
] as const) {
  describe(`A SIP user writes to an XMPP user who does not exist, with ${server}`, () => {
    let sides: BothSides;

    before(async () => {
      sides = await BothSides.start({ users: ["alice", "bob"], people: ["juliet"], startServer });
    });
    after(() => sides.stop());

    it("RFC 7247 §7: service-unavailable becomes 403, in the words of the error; never is it a 2xx", async () => {
      const { exitCode, messages, errors } = await runSipp({
        scenario: sendMessageScenario({
          from: "bob@sip.test",
          password: passwordOf("bob"),
          to: "sip:nobody@xmpp.test",
          body: "Is anybody there?",
          expect: 403,
        }),
        remote: `127.0.0.1:${sides.gateway.sipPort}`,
      });
      expect(exitCode, errors).to.equal(0);
      expect(messages).to.match(/^SIP\/2\.0 403 Your IM could not be delivered\. .+ \(service-unavailable\)/m);
      expect(messages).not.to.match(ACCEPTED);
    });

    it("Linphone shows that it was not delivered", async () => {
      const alice = await linphoneOf(sides, "alice");
      const sent = alice.send("sip:nobody@xmpp.test", "Is anybody there?");
      expect(await alice.delivery(sent, "delivered", "not-delivered")).to.equal("not-delivered");
    });
  });
}

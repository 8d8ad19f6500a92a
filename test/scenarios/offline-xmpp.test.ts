import xml from "@xmpp/xml";
import { expect } from "chai";
import { startEjabberd } from "../peers/ejabberd.ts";
import { startProsody } from "../peers/prosody.ts";
import type { RawPhone } from "../peers/raw-phone.ts";
import { reasonOf, statusOf } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import { BothSides, chat, errorFor, receives, textsOf } from "./both-sides.ts";

const JULIET = "juliet@xmpp.test";

/** What `service-unavailable` becomes, in the server's words or without any. RFC 7247 §7. */
const UNAVAILABLE = /^Your IM could not be delivered\. .*\(service-unavailable\)$/;

for (const [server, startServer, offlineStore] of [
  ["Prosody", startProsody, "offline"],
  ["ejabberd", startEjabberd, "mod_offline"],
] as const) {
  describe(`A SIP user writes to an XMPP user who is away, with ${server}`, () => {
    let sides: BothSides;
    let alice: RawPhone;

    before(async () => {
      sides = await BothSides.start({ users: ["alice"], people: ["juliet", "romeo"], startServer });
      alice = await sides.registeredPhone("alice");
    });
    after(() => sides.stop());

    it("XEP-0160: 200, since the server keeps them; they come at the next sign-in, in order, with their time", async () => {
      for (const text of ["one", "two"]) expect(statusOf(await alice.message(JULIET, text))).to.equal(200);
      const juliet = await sides.client("juliet");
      await receives(juliet, "two");
      expect(textsOf(juliet)).to.deep.equal(["one", "two"]);
      for (const message of juliet.messages)
        expect(message.getChild("delay", "urn:xmpp:delay")).to.not.equal(undefined);
    });

    /** COMPAT(ejabberd 23.01): while he is there it drops what he blocks and says nothing, against XEP-0191 §3.1. */
    it("XEP-0191: an XMPP user who blocks the sender: 403 while the transaction is open", async () => {
      const romeo = await sides.client("romeo");
      const item = xml("item", { jid: "alice@sip.test" });
      await romeo.send(xml("iq", { type: "set", id: "block" }, xml("block", { xmlns: "urn:xmpp:blocking" }, item)));
      await romeo.send(chat("alice@sip.test", "I hear nothing", { id: "blocked" }));
      expect(await errorFor(romeo, "blocked")).to.include({ condition: "not-acceptable" }); // it is in force
      await romeo.stop();
      const answer = await waitFor("the server to know that he has gone", async () => {
        const response = await alice.message("romeo@xmpp.test", "Good morrow, cousin.");
        return statusOf(response) !== 200 && response;
      });
      expect(statusOf(answer)).to.equal(403);
      expect(reasonOf(answer)).to.match(UNAVAILABLE);
    });
  });

  describe(`A SIP user writes to an XMPP user who is away, with ${server} and no offline store`, () => {
    let sides: BothSides;

    before(async () => {
      sides = await BothSides.start({
        users: ["alice"],
        people: ["juliet"],
        startServer: (options) => startServer({ ...options, without: [offlineStore] }),
      });
    });
    after(() => sides.stop());

    it("RFC 7247 §7: 403 while the transaction is open, and 200 once the user is there", async () => {
      const alice = await sides.registeredPhone("alice");
      const answer = await alice.message(JULIET, "Is anybody there?");
      expect(statusOf(answer)).to.equal(403);
      expect(reasonOf(answer)).to.match(UNAVAILABLE);
      const juliet = await sides.client("juliet");
      expect(statusOf(await alice.message(JULIET, "Good morrow"))).to.equal(200);
      await receives(juliet, "Good morrow");
    });
  });
}

import { expect } from "chai";
import { token } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import { BothSides, chat, errorFor, receives } from "./both-sides.ts";

describe("What people write to each other stays out of the log, at its most talkative level too", () => {
  let sides: BothSides;

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob"], people: ["juliet"] });
  });
  after(() => sides.stop());

  it("delivered or refused, neither text nor password is written; the ids are", async () => {
    const secret = `secret-${token()}`;
    const alice = await sides.registeredPhone("alice");
    const juliet = await sides.client("juliet");
    await alice.message("juliet@xmpp.test", secret);
    await receives(juliet, secret);
    await alice.message("nobody@xmpp.test", secret);
    await alice.message("bob@sip.test", secret);
    await juliet.send(chat("alice@sip.test", secret));
    await waitFor("Alice to read it", () => alice.texts.includes(secret));
    await juliet.send(chat("bob@sip.test", secret)); // who is away
    const refused = chat("nobody@sip.test", secret);
    await juliet.send(refused);
    await errorFor(juliet, refused.attrs["id"] ?? "");
    await sides.gateway.end("SIGTERM");
    const { output } = sides.gateway;
    for (const event of [
      "message relayed to XMPP",
      "message not delivered to XMPP",
      "message relayed to SIP",
      "message waits for its recipient",
      "message refused",
    ]) {
      expect(output).to.include(event);
    }
    expect(output).to.match(/"callId":".+"stanzaId":".+"conversation":"/);
    expect(output).not.to.include(secret);
    expect(output).not.to.include("password-of-");
  });
});

import xml from "@xmpp/xml";
import { expect } from "chai";
import { waitFor } from "../../peers/wait-for.ts";
import { idsOf, LinkFixture } from "./link-fixture.ts";

describe("no loss: what is not confirmed is sent again", () => {
  let fixture: LinkFixture;
  beforeEach(() => {
    fixture = new LinkFixture();
  });
  afterEach(() => fixture.stop());

  it("RST while unconfirmed: the same stanzas with the same ids, in order", async () => {
    await fixture.start();
    const first = await fixture.online();
    fixture.server.behaviour.answersPings = false;
    fixture.send("1", "2", "3");
    await waitFor("the stanzas", () => first.stanzas.length === 3);
    first.reset();
    await fixture.waiting();
    fixture.send("4");
    expect(fixture.outcomes.size).to.equal(0);
    fixture.server.behaviour.answersPings = true;
    const second = await fixture.backOnline();
    await fixture.settled(4);
    expect(idsOf(second.stanzas)).to.deep.equal(["1", "2", "3", "4"]);
    expect(second.stanzas.map(String)).to.include.members(first.stanzas.map(String));
  });

  it("what waits while the link is down can be taken back until it is written", async () => {
    await fixture.start();
    (await fixture.online()).reset();
    await fixture.waiting();
    const outcomes: string[] = [];
    const message = xml("message", { from: "bob@sip.test", to: "alice@xmpp.test", id: "1" });
    const queued = fixture.link.send(message, { settled: ({ outcome }) => outcomes.push(outcome) });
    expect(queued.cancel()).to.equal(true);
    expect(outcomes, "never synchronously").to.deep.equal([]);
    await waitFor("the outcome", () => outcomes.length > 0);
    fixture.send("2");
    const connection = await fixture.backOnline();
    await fixture.settled(1);
    expect([outcomes, idsOf(connection.stanzas)]).to.deep.equal([["cancelled"], ["2"]]);
  });

  it("poison: the stanza that ends the stream twice is refused, the others arrive", async () => {
    await fixture.start();
    await fixture.online();
    fixture.server.behaviour.poison = "poison";
    fixture.send("1", "poison", "3");
    await waitFor("all three outcomes", () => {
      if (fixture.link.status().state === "waiting") {
        fixture.clock.turn(fixture.clock.untilNext ?? 0);
      }
      return fixture.outcomes.size === 3;
    });
    expect(fixture.outcomes.get("1")?.outcome).to.equal("processed");
    expect(fixture.outcomes.get("3")?.outcome).to.equal("processed");
    expect(fixture.outcomes.get("poison")).to.deep.include({ outcome: "refused" });
    const written = fixture.server.connections.map((connection) => idsOf(connection.stanzas));
    expect(written).to.deep.equal([["1", "poison"], ["1", "poison"], ["3"]]);
  });

  it("an error that a stanza caused is heard before the stanza counts as processed", async () => {
    await fixture.start();
    const connection = await fixture.online();
    fixture.server.behaviour.answersPings = false;
    const events: string[] = [];
    fixture.link.onStanza((stanza) => events.push(`${stanza.attrs["type"]} ${stanza.attrs["id"]}`));
    const message = xml("message", { from: "bob@sip.test", to: "nobody@xmpp.test", id: "1" });
    fixture.link.send(message, { settled: ({ outcome }) => events.push(outcome) });
    await waitFor("the barrier", () => connection.pings.length === 1);
    connection.write("<message type='error' id='1' from='nobody@xmpp.test' to='bob@sip.test'><error/></message>");
    connection.answerPings();
    await waitFor("the outcome", () => events.length === 2);
    expect(events).to.deep.equal(["error 1", "processed"]);
  });

  it("only the server's own answer passes a barrier", async () => {
    await fixture.start();
    const connection = await fixture.online();
    fixture.server.behaviour.answersPings = false;
    fixture.send("1");
    await waitFor("the barrier", () => connection.pings.length === 1);
    const id = connection.pings[0]?.attrs["id"];
    connection.write(`<iq type='result' id='${id}' from='mallory@xmpp.test/x' to='sip.test'/>`);
    connection.write("<message id='after' from='a@xmpp.test' to='bob@sip.test'/>");
    await waitFor("the message behind it", () => fixture.received.length === 1);
    expect(fixture.outcomes.size).to.equal(0);
    connection.answerPings();
    await fixture.settled(1);
  });

  it("refuses what would end the stream, and says why", async () => {
    await fixture.start();
    const connection = await fixture.online();
    const why: string[] = [];
    const settled = (handover: { outcome: string; why?: string }): unknown =>
      why.push(handover.why ?? handover.outcome);
    fixture.link.send(xml("message", { from: "bob@elsewhere.test", to: "a@xmpp.test" }), { settled });
    const large = xml("body", {}, "x".repeat(600_000));
    fixture.link.send(xml("message", { from: "bob@sip.test", to: "a@xmpp.test" }, large), { settled });
    await waitFor("both outcomes", () => why.length === 2);
    expect(why[0]).to.include("not in the domain sip.test");
    expect(why[1]).to.include("larger than 524288 bytes");
    expect(connection.stanzas).to.deep.equal([]);
  });
});

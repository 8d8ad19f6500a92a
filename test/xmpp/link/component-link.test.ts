import { expect } from "chai";
import { waitFor } from "../../peers/wait-for.ts";
import { idsOf, LinkFixture } from "./link-fixture.ts";

describe("XEP-0114 the link comes up and stays up", () => {
  let fixture: LinkFixture;
  beforeEach(() => {
    fixture = new LinkFixture();
  });
  afterEach(() => fixture.stop());

  it("shakes hands, with a secret beyond ASCII too, and tells its state", async () => {
    await fixture.start();
    await fixture.online();
    expect(fixture.statuses.map((status) => status.state)).to.deep.equal(["connecting", "online"]);
    const { domain, problem, queued, unconfirmed } = fixture.link.status();
    expect([domain, problem, queued, unconfirmed]).to.deep.equal(["sip.test", undefined, 0, 0]);
  });

  it("refused secret: says which and what to check, at error level, and starts again after 5 s", async () => {
    await fixture.start({ secret: "wrong" });
    const { problem, server } = await fixture.waiting();
    const expected = `XMPP server ${server} refused the secret of component sip.test: not-authorized; check secretFile and component_secret`;
    expect(problem).to.equal(expected);
    expect(fixture.clock.untilNext).to.equal(2500); // the jitter of the test is none: half of 5 s
    const line = fixture.logged.find(({ msg }) => msg.startsWith(expected));
    expect(line).to.deep.include({ level: 50, msg: `${expected}; trying again in 2.5 s` });
  });

  it("conflict: says that another component is connected", async () => {
    fixture.server.behaviour.greeting = { streamError: "conflict" };
    await fixture.start();
    const { problem, server } = await fixture.waiting();
    expect(problem).to.equal(`another component is connected as sip.test at ${server}`);
  });

  it("unknown component: says so", async () => {
    fixture.server.behaviour.greeting = { streamError: "host-unknown" };
    await fixture.start();
    const { problem, server } = await fixture.waiting();
    expect(problem).to.equal(`XMPP server ${server} has no component sip.test: host-unknown`);
  });

  it("see-other-host: does not go there", async () => {
    fixture.server.behaviour.greeting = { streamError: "see-other-host" };
    await fixture.start();
    expect((await fixture.waiting()).problem).to.include("see-other-host");
    expect(fixture.server.connections).to.have.length(1);
  });

  it("a server that accepts and never answers: given up after 10 s", async () => {
    fixture.server.behaviour.greeting = "silent";
    await fixture.start();
    await waitFor("the connection", () => fixture.server.connections.length === 1);
    fixture.clock.turn(9_999);
    expect(fixture.link.status().state).to.equal("connecting");
    fixture.clock.turn(1);
    const { problem, server } = await fixture.waiting();
    expect(problem).to.equal(`${server} accepts the connection but is not answering as an XMPP server`);
    fixture.server.behaviour.greeting = "accept";
    await fixture.backOnline();
  });

  it("nobody listens: connection refused, and again later", async () => {
    await fixture.start();
    await fixture.online();
    const { server } = fixture.link.status();
    await fixture.server.close();
    await fixture.waiting();
    fixture.clock.turn(fixture.clock.untilNext ?? 0);
    await waitFor("the refusal", () => fixture.link.status().problem?.startsWith("connection refused"));
    expect(fixture.link.status().problem).to.equal(`connection refused at ${server}`);
  });

  it("frozen server: asked after 30 s, given up when the barrier is not answered within 30 s", async () => {
    await fixture.start();
    const connection = await fixture.online();
    await waitFor("the answer to be read", () => connection.spaces > 0);
    fixture.server.behaviour.answersPings = false;
    fixture.clock.turn(30_000);
    await waitFor("the question", () => connection.pings.length === 1);
    fixture.clock.turn(32_000);
    expect((await fixture.waiting()).problem).to.include("xmpp.test");
    fixture.server.behaviour.answersPings = true;
    await fixture.backOnline();
  });

  it("stop: writes what is queued, waits for its barrier, closes the stream", async () => {
    await fixture.start();
    const connection = await fixture.online();
    fixture.send("1", "2");
    await fixture.link.stop();
    expect(idsOf(connection.stanzas)).to.deep.equal(["1", "2"]);
    expect([...fixture.outcomes.values()].map(({ outcome }) => outcome)).to.deep.equal(["processed", "processed"]);
    expect(fixture.link.status().state).to.equal("stopped");
    fixture.send("3");
    await fixture.settled(3);
    expect(fixture.outcomes.get("3")).to.deep.equal({ outcome: "cancelled" });
  });
});

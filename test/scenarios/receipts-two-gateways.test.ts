import { expect } from "chai";
import { GatewayUnderTest, passwordOf } from "../peers/gateway.ts";
import { Linphone } from "../peers/linphone.ts";
import type { Slixmpp } from "../peers/slixmpp.ts";
import { BothSides } from "./both-sides.ts";
import { linphoneOf, slixmppOf } from "./real-clients.ts";

const ALICE = "alice@sip.test";
const BOB = "bob@other.test";
const OTHER = { domain: "other.test", secret: "secret of the other" };

/** Each gateway takes the other's people for people on XMPP: whatever one answers to a report would go round for ever. */
describe("Alice and Bob write to each other with Linphone, through two gateways on one XMPP server", () => {
  let sides: BothSides;
  let other: GatewayUnderTest;
  let alice: Linphone;
  let bob: Linphone;
  let juliet: Slixmpp;

  before(async () => {
    const components = [OTHER];
    sides = await BothSides.start({ users: ["alice"], people: ["juliet"], components, remoteDomains: [OTHER.domain] });
    const { componentPort } = sides.server;
    const { domain: sipDomain, secret } = OTHER;
    other = await GatewayUnderTest.start({
      componentPort,
      secret,
      sipDomain,
      users: ["bob"],
      remoteDomains: ["sip.test"],
    });
    sides.endsWith(() => other.stop());
    juliet = await slixmppOf(sides, "juliet");
    alice = await linphoneOf(sides, "alice", { format: "cpim" });
    const proxy = `sip:127.0.0.1:${other.sipPort}`;
    bob = new Linphone({ aor: BOB, password: passwordOf("bob"), proxy, transport: "udp" });
    sides.endsWith(() => bob.stop());
    await bob.registered();
  });
  after(() => sides.stop());

  const reportsOf = async (gateway: GatewayUnderTest): Promise<readonly (number | undefined)[]> => {
    const { counters } = await gateway.json<{ counters: Readonly<Record<string, number>> }>(["status"]);
    return [counters["receipts.to-xmpp"], counters["receipts.to-sip"]];
  };

  it("each sees that the message is at the other's phone, and that it was read", async () => {
    for (const [from, to, address, text] of [
      [alice, bob, BOB, "from Alice"],
      [bob, alice, ALICE, "from Bob"],
    ] as const) {
      const sent = from.send(`sip:${address}`, text);
      const message = await to.received(text);
      expect(await from.delivery(sent, "delivered-to-user")).to.equal("delivered-to-user");
      to.read(message);
      expect(await from.delivery(sent, "displayed")).to.equal("displayed");
    }
  });

  it("RFC 5438 §12.1.1: each report crossed once, and brought about no other", async () => {
    const fences = [sides.gateway, other].map((_, index) => `fence ${index}`);
    for (const [index, domain] of ["sip.test", OTHER.domain].entries()) {
      juliet.send({ to: `nobody@${domain}`, body: "fence", id: fences[index] ?? "" });
    }
    for (const fence of fences) await juliet.error(fence);
    expect(await reportsOf(sides.gateway)).to.deep.equal([2, 2]);
    expect(await reportsOf(other)).to.deep.equal([2, 2]);
    expect([alice, bob].map(({ messages }) => messages.map(({ text }) => text))).to.deep.equal([
      ["from Bob"],
      ["from Alice"],
    ]);
  });
});

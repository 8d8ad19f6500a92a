import { expect } from "chai";
import { errorReply } from "../../xmpp/stanza-error.ts";
import type { Linphone } from "../peers/linphone.ts";
import type { RawPhone } from "../peers/raw-phone.ts";
import { fieldOf, type RawMessage, statusOf } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import { startXmppComponent, type XmppComponent } from "../peers/xmpp-component.ts";
import { BothSides } from "./both-sides.ts";
import { linphoneOf, slixmppOf } from "./real-clients.ts";

const FAR = { domain: "far.test", secret: "another secret" };
const ROMEO = "romeo@far.test";

/** What Romeo's server says, long after ours has taken the message. */
const GONE_WRONG = { condition: "remote-server-timeout", text: "The castle is dark" } as const;
const REASON = "The castle is dark (remote-server-timeout)";

describe("A remote domain refuses a message after its SIP sender was answered 200", () => {
  let sides: BothSides;
  let far: XmppComponent;
  let alice: Linphone;

  before(async () => {
    sides = await BothSides.start({
      users: ["alice", "bob", "carol", "dave", "erin", "frank", "grace"],
      people: ["juliet"],
      components: [FAR],
      remoteDomains: [FAR.domain],
    });
    far = await startXmppComponent({ server: sides.server, ...FAR });
    sides.endsWith(() => far.stop());
    alice = await linphoneOf(sides, "alice");
  });
  after(() => sides.stop());

  const arrives = (text: string) =>
    waitFor(`Romeo's server to get ${text}`, () => far.stanzas.find((each) => each.getChildText("body") === text));

  /** Romeo's server has taken it, so that its sender has the 200; now it comes back. */
  const sendAndBounce = async (phone: RawPhone, text: string, fields: Record<string, string> = {}): Promise<void> => {
    expect(statusOf(await phone.message(ROMEO, text, fields))).to.equal(200);
    await bounce(text);
  };

  const bounce = async (text: string): Promise<void> => {
    const error = errorReply(await arrives(text), GONE_WRONG);
    if (error !== undefined) far.send(error);
  };

  const toldOf = (phone: RawPhone, quote: string): Promise<RawMessage> =>
    waitFor(`the failure of ${quote}`, () => phone.requests.find(({ body }) => body.toString().includes(quote)));

  const refusedTellings = () => sides.gateway.output.match(/"failure not told yet: nobody took it"/g)?.length ?? 0;

  it("Linphone shows the text with the reason and the message, as one from Romeo; its own notice goes nowhere", async () => {
    const sent = alice.send(`sip:${ROMEO}`, "Wherefore art thou?");
    await alice.delivery(sent, "delivered");
    await bounce("Wherefore art thou?");
    const text = `Your IM could not be delivered. ${REASON} “Wherefore art thou?”`;
    expect(await alice.received(text)).to.include({ from: `sip:${ROMEO}` });
    await alice.delivery(alice.send(`sip:${ROMEO}`, "Still there?"), "delivered");
    await arrives("Still there?");
    expect(far.stanzas.map((each) => each.getChildText("body"))).to.deep.equal(["Wherefore art thou?", "Still there?"]);
  });

  it("RFC 3834 §5: the telling says that a program wrote it", async () => {
    const bob = await sides.registeredPhone("bob");
    await sendAndBounce(bob, "Bob's message");
    const telling = await toldOf(bob, "“Bob's message”");
    expect(fieldOf(telling, "auto-submitted")).to.equal("auto-replied");
    expect(fieldOf(telling, "from")).to.match(/^<sip:romeo@far\.test>;tag=/);
  });

  it("many at once, and the sender away: told in one message when she registers", async () => {
    const carol = await sides.registeredPhone("carol");
    const texts = Array.from({ length: 5 }, (_, number) => `number ${number}`);
    for (const text of texts) expect(statusOf(await carol.message(ROMEO, text))).to.equal(200);
    expect(statusOf(await carol.register(0))).to.equal(200);
    for (const text of texts) await bounce(text);
    await sides.gateway.process.untilOutput(/"failure not told yet: nobody took it"/);
    await arrives("number 4");
    expect(statusOf(await carol.register())).to.equal(200);
    const { body } = await toldOf(carol, "“number 4”");
    expect(body.toString()).to.equal(
      `Your IM could not be delivered. 5 messages could not be delivered (${REASON}). The first: “number 0”, the last: “number 4”`,
    );
    expect(carol.requests).to.have.lengthOf(1);
  });

  it("of an automatic message nothing is told, of the next one it is", async () => {
    const dave = await sides.registeredPhone("dave");
    await sendAndBounce(dave, "I am on holiday", { "Auto-Submitted": "auto-replied" });
    await sendAndBounce(dave, "I am back");
    await toldOf(dave, "“I am back”");
    expect(dave.texts.filter((text) => text.includes("holiday"))).to.deep.equal([]);
  });

  it("RFC 7247 §7: what a phone refuses is told to Slixmpp under its own id, with condition, code and text", async () => {
    const juliet = await slixmppOf(sides, "juliet");
    const frank = await sides.registeredPhone("frank");
    frank.answer = () => 403;
    juliet.send({ to: "frank@sip.test", body: "May I?", id: "may-1" });
    expect(await juliet.error("may-1")).to.deep.include({
      condition: "forbidden",
      type: "auth",
      text: "Your IM could not be delivered. (SIP 403 No)",
    });
  });

  describe("the gateway ends and starts again before the sender could be told", () => {
    let erin: RawPhone;

    before(async () => {
      erin = await sides.registeredPhone("erin");
    });

    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      it(`with ${signal}, and she is away: told at the next REGISTER`, async () => {
        expect(statusOf(await erin.message(ROMEO, `before ${signal}`))).to.equal(200);
        expect(statusOf(await erin.register(0))).to.equal(200);
        const before = refusedTellings();
        await bounce(`before ${signal}`);
        await waitFor("nobody to take it", () => refusedTellings() > before);
        await sides.gateway.restart(signal);
        expect(statusOf(await erin.register())).to.equal(200);
        await toldOf(erin, `“before ${signal}”`);
      });
    }

    it("and her phone was silent: told at the start", async () => {
      const grace = await sides.registeredPhone("grace");
      const tellings = () => grace.texts.filter((text) => text.includes("“into the silence”")).length;
      grace.answer = () => undefined;
      await sendAndBounce(grace, "into the silence");
      await toldOf(grace, "“into the silence”");
      await sides.gateway.end("SIGKILL");
      const before = tellings();
      grace.answer = () => 200;
      await sides.gateway.restart("SIGKILL");
      await waitFor("a second telling", () => tellings() > before);
    });

    it("whoever was told is not told again: nothing waits any more", async () => {
      await waitFor("an empty journal", async () => {
        const { total } = await sides.gateway.json<{ readonly total: number }>(["message", "list"]);
        return total === 0;
      });
    });
  });
});

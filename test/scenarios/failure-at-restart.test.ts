import { expect } from "chai";
import type { RawPhone } from "../peers/raw-phone.ts";
import { type RawMessage, statusOf } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import { BothSides } from "./both-sides.ts";

const NOBODY = "nobody@xmpp.test";
const TEXT = "Is anybody there?";

/** RFC 5438 §6.3: it asks to be told what becomes of it. */
const ASKING =
  `From: <sip:alice@sip.test>\r\nTo: <sip:${NOBODY}>\r\nNS: imdn <urn:ietf:params:imdn>\r\n` +
  "imdn.Message-ID: alice-1\r\nimdn.Disposition-Notification: positive-delivery, negative-delivery\r\n" +
  `\r\nContent-Type: text/plain\r\n\r\n${TEXT}`;

const isText = ({ body }: RawMessage) => body.includes(`“${TEXT}”`);
const isImdn = ({ body }: RawMessage) =>
  body.includes("<message-id>alice-1</message-id>") && body.includes("<failed/>");

describe("The gateway is killed before a SIP user whose phone is silent could be told of a failure", () => {
  let sides: BothSides;
  let alice: RawPhone;

  before(async () => {
    sides = await BothSides.start({ users: ["alice"], people: [], proxied: true });
    alice = await sides.registeredPhone("alice");
  });
  after(() => sides.stop());

  const linkState = async () => {
    const { links } = await sides.gateway.json<{ readonly links: readonly { readonly state: string }[] }>(["status"]);
    return links[0]?.state;
  };

  it("RFC 3428 §7: the link is down: 202; when it is back her phone does not answer for the failure", async () => {
    sides.link?.hold();
    sides.link?.cut();
    await waitFor("the link to be down", async () => (await linkState()) !== "online");
    expect(statusOf(await alice.message(NOBODY, ASKING, { "Content-Type": "message/cpim" }))).to.equal(202);
    alice.answer = () => undefined;
    sides.link?.release();
    await waitFor("the text and the IMDN", () => alice.requests.some(isText) && alice.requests.some(isImdn));
  });

  it("RFC 5438 §7.2.1.2: it starts again, and after her next REGISTER she has the text and the IMDN", async () => {
    await sides.gateway.restart("SIGKILL");
    const before = alice.requests.length;
    alice.answer = () => 200;
    expect(statusOf(await alice.register())).to.equal(200);
    const since = () => alice.requests.slice(before);
    await waitFor("the text and the IMDN", () => since().some(isText) && since().some(isImdn));
    await waitFor("an empty journal", async () => {
      const { total } = await sides.gateway.json<{ readonly total: number }>(["message", "list"]);
      return total === 0;
    });
  });
});

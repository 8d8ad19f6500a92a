import { randomBytes } from "node:crypto";
import { Accounts } from "../../gateway/accounts.ts";
import { IdentityPolicy } from "../../gateway/policy/identity.ts";
import { SipMessages } from "../../gateway/sip-messages.ts";
import { DigestAuthenticator } from "../../sip/digest.ts";
import type { SipRequest } from "../../sip/message.ts";
import { ALICE, deliveryWorld, turn, type WorldOptions } from "./delivery/delivery-world.ts";
import { FakeResponder } from "./delivery/fake-responder.ts";
import { requestWith } from "./sip-request.ts";

export const BOB = "bob@sip.test";
export const TO_ALICE = "sip:alice@sip.test";
export const TO_JULIET = "sip:juliet@xmpp.test";
export const IMDN = `<?xml version="1.0"?><imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>m1</message-id>
<delivery-notification><status><delivered/></status></delivery-notification></imdn>`;

export interface Written {
  readonly to: string;
  readonly text?: string;
  readonly from?: string;
  readonly fields?: Readonly<Record<string, string>>;
}

/** A MESSAGE, by default Bob's. */
function messageOf({ to, text = "Hello", from = BOB, fields = {} }: Written): SipRequest {
  const head = { From: `<sip:${from}>;tag=1`, "Content-Type": "text/plain", ...fields };
  return { ...requestWith({ method: "MESSAGE", uri: to }, head), body: Buffer.from(text) };
}

/** Alice and Bob, who need no password, and whoever writes to them. */
export async function setUp(options?: WorldOptions) {
  const world = await deliveryWorld(options);
  await world.delivery.start();
  const users = { list: async () => [], get: async () => undefined, put: async () => {}, remove: async () => false };
  const identity = new IdentityPolicy({
    ...world,
    authentication: "none",
    digest: new DigestAuthenticator({ realms: ["sip.test"], secret: randomBytes(32), clock: world.clock }),
    accounts: await Accounts.load(users),
  });
  const messages = new SipMessages({ ...world, identity, isKnown: (aor) => aor === ALICE || aor === BOB });
  const receive = async (written: Written) => {
    const responder = new FakeResponder();
    await messages.onMessage(messageOf(written), responder);
    await turn();
    return responder;
  };
  return { ...world, receive, sentTo: () => world.link.sent.map(({ stanza }) => stanza.attrs["to"]) };
}

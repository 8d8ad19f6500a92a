import { Baresip, type BaresipOptions } from "../peers/baresip.ts";
import { passwordOf, SIP_DOMAIN, XMPP_DOMAIN } from "../peers/gateway.ts";
import { Linphone, type LinphoneOptions } from "../peers/linphone.ts";
import { Profanity } from "../peers/profanity.ts";
import { Slixmpp } from "../peers/slixmpp.ts";
import type { BothSides } from "./both-sides.ts";

/** The programs of other projects, each signed in with its user's password; they go when both sides stop. */

type PhoneChoice<Options> = Partial<Omit<Options, "aor" | "proxy">>;

export async function linphoneOf(
  sides: BothSides,
  user: string,
  choice: PhoneChoice<LinphoneOptions> = {},
): Promise<Linphone> {
  const phone = new Linphone({ ...sipAccount(sides, user), transport: "udp", ...choice });
  sides.endsWith(() => phone.stop());
  await phone.registered();
  return phone;
}

/** It can write to its contacts alone. */
export async function baresipOf(
  sides: BothSides,
  user: string,
  choice: PhoneChoice<BaresipOptions> & Pick<BaresipOptions, "contacts">,
): Promise<Baresip> {
  const phone = await Baresip.start({ ...sipAccount(sides, user), transport: "udp", ...choice });
  sides.endsWith(() => phone.stop());
  await phone.registered();
  return phone;
}

export async function slixmppOf(sides: BothSides, name: string, resource?: string): Promise<Slixmpp> {
  const account = xmppAccount(sides, name);
  const client = new Slixmpp(resource === undefined ? account : { ...account, jid: `${account.jid}/${resource}` });
  sides.endsWith(() => client.stop());
  await client.online();
  return client;
}

export async function profanityOf(sides: BothSides, name: string): Promise<Profanity> {
  const client = await Profanity.start(xmppAccount(sides, name));
  sides.endsWith(() => client.stop());
  await client.sees(/logged in successfully/);
  return client;
}

function sipAccount({ gateway }: BothSides, user: string) {
  return { aor: `${user}@${SIP_DOMAIN}`, password: passwordOf(user), proxy: `sip:127.0.0.1:${gateway.sipPort}` };
}

function xmppAccount({ server }: BothSides, name: string) {
  return { jid: `${name}@${XMPP_DOMAIN}`, password: passwordOf(name), host: "127.0.0.1", port: server.clientPort };
}

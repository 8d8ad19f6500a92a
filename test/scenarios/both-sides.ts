import xml, { type Element } from "@xmpp/xml";
import { expect } from "chai";
import type { ConversationView } from "../../gateway/control/appliance.ts";
import type { ConversationList } from "../../gateway/control/conversation.ts";
import { parseStanzaError, type StanzaError } from "../../xmpp/stanza-error.ts";
import { type CuttingProxy, startCuttingProxy } from "../peers/cutting-proxy.ts";
import { GatewayUnderTest, passwordOf, SIP_DOMAIN, XMPP_DOMAIN } from "../peers/gateway.ts";
import { startProsody } from "../peers/prosody.ts";
import { RawPhone, type RawPhoneOptions } from "../peers/raw-phone.ts";
import { openTcpWire, openUdpWire, type RawWire, statusOf, token } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import { startXmppClient, type XmppClient } from "../peers/xmpp-client.ts";
import type { XmppServer, XmppServerOptions } from "../peers/xmpp-server.ts";

export interface BothSidesOptions {
  readonly users: readonly string[]; // user parts of the SIP accounts
  readonly people: readonly string[]; // localparts of the XMPP accounts
  readonly startServer?: (options: XmppServerOptions) => Promise<XmppServer>; // Prosody if absent
  readonly components?: XmppServerOptions["components"]; // beside the gateway's own
  readonly modules?: readonly string[]; // of the server, beyond the usual ones
  readonly authentication?: "digest" | "none";
  readonly proxied?: boolean; // the gateway reaches the server through `link`
  readonly remoteDomains?: readonly string[]; // XMPP domains beside xmpp.test that SIP users may write to
}

export interface WireChoice {
  readonly transport?: "udp" | "tcp"; // udp if absent
  readonly address?: string; // of the phone's end
}

const COMPONENT = { domain: SIP_DOMAIN, secret: "secret" };

/** A server, a gateway, and whoever comes to them; `stop` ends all of it. */
export class BothSides {
  readonly server: XmppServer;
  readonly gateway: GatewayUnderTest;
  readonly link: CuttingProxy | undefined;
  readonly #opened: (() => Promise<void>)[] = [];

  private constructor(parts: Pick<BothSides, "server" | "gateway" | "link">) {
    this.server = parts.server;
    this.gateway = parts.gateway;
    this.link = parts.link;
  }

  static async start(options: BothSidesOptions): Promise<BothSides> {
    const {
      users,
      people,
      startServer = startProsody,
      components = [],
      authentication = "digest",
      modules = [],
      remoteDomains = [],
    } = options;
    const accounts = people.map((name) => ({ jid: `${name}@${XMPP_DOMAIN}`, password: passwordOf(name) }));
    const server = await startServer({ components: [COMPONENT, ...components], users: accounts, modules });
    const link = options.proxied ? await startCuttingProxy(server.componentPort) : undefined;
    const componentPort = link?.port ?? server.componentPort;
    const gateway = await GatewayUnderTest.start({ componentPort, users, authentication, remoteDomains });
    return new BothSides({ server, gateway, link });
  }

  async wire({ transport = "udp", address }: WireChoice = {}): Promise<RawWire> {
    const open = transport === "udp" ? openUdpWire : openTcpWire;
    const wire = await open({ gatewayPort: this.gateway.sipPort, ...(address === undefined ? {} : { address }) });
    this.#opened.push(() => wire.close());
    return wire;
  }

  /** The phone of a user, with its password, not yet registered. */
  async phone(user: string, choice: WireChoice & Partial<RawPhoneOptions> = {}): Promise<RawPhone> {
    const { transport, address, ...options } = choice;
    const wire = await this.wire({ ...(transport && { transport }), ...(address && { address }) });
    return new RawPhone({ wire, aor: `${user}@${SIP_DOMAIN}`, password: passwordOf(user), ...options });
  }

  async registeredPhone(user: string, choice: WireChoice & Partial<RawPhoneOptions> = {}): Promise<RawPhone> {
    const phone = await this.phone(user, choice);
    expect(statusOf(await phone.register())).to.equal(200);
    return phone;
  }

  /** The client of a person, online and available. */
  async client(name: string, resource = "client"): Promise<XmppClient> {
    const account = { jid: `${name}@${XMPP_DOMAIN}`, password: passwordOf(name), resource };
    const client = await startXmppClient({ server: this.server, ...account });
    this.#opened.push(() => client.stop());
    return client;
  }

  /** The open conversation of a SIP user, by the AOR, or of an XMPP user, by the bare JID. */
  async conversationOf(address: string): Promise<ConversationView> {
    const { conversations } = await this.gateway.json<ConversationList>(["conversation", "list"]);
    const found = conversations.find(({ aor, jid }) => aor === address || jid === address);
    if (found === undefined) throw new Error(`${address} has no open conversation`);
    return found;
  }

  /** The operator closes it: the next message begins another, to every device. */
  async closeConversationOf(address: string): Promise<void> {
    const { id } = await this.conversationOf(address);
    await this.gateway.json(["conversation", "expire", id]);
  }

  /** Whoever comes on another way is sent home with all the others. */
  endsWith(close: () => Promise<void>): void {
    this.#opened.push(close);
  }

  async stop(): Promise<void> {
    for (const close of this.#opened.reverse()) await close();
    await this.gateway.stop();
    await this.link?.stop();
    await this.server.stop();
  }
}

/** A chat message, for a client to send. */
export function chat(
  to: string,
  text: string,
  { id = token(), thread }: { id?: string; thread?: string } = {},
): Element {
  const stanza = xml("message", { to, type: "chat", id }, xml("body", {}, text));
  if (thread !== undefined) stanza.append(xml("thread", {}, thread));
  return stanza;
}

/** The bodies of the messages that a client got, without errors. */
export function textsOf(client: XmppClient): readonly string[] {
  const messages = client.messages.filter(({ attrs }) => attrs["type"] !== "error");
  return messages.flatMap((message) => message.getChildText("body") ?? []);
}

export async function receives(client: XmppClient, text: string): Promise<void> {
  await waitFor(`${client.jid} to get ${JSON.stringify(text.slice(0, 60))}`, () => textsOf(client).includes(text));
}

/** Everybody else goes on: a message of this phone is answered 200 and arrives. */
export async function expectService(phone: RawPhone, client: XmppClient): Promise<void> {
  const text = `still there ${token()}`;
  const bare = client.jid.slice(0, client.jid.indexOf("/"));
  expect(statusOf(await phone.message(bare, text))).to.equal(200);
  await receives(client, text);
}

/** The error that comes back for the stanza with this id. */
export function errorFor(client: XmppClient, id: string): Promise<StanzaError> {
  return waitFor(`the error for ${id}`, () => {
    const stanza = [...client.messages, ...client.answers].find(({ attrs }) => attrs["id"] === id);
    return stanza && parseStanzaError(stanza);
  });
}

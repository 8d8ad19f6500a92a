import type { Config } from "../gateway/config.ts";
import type { Account, Accounts } from "./accounts-file.ts";
import { sipServer } from "./self-check.ts";

export interface WelcomeOptions {
  readonly config: Config;
  readonly accounts: Accounts;
  readonly logFile: string;
}

/** What to type into a softphone and into an XMPP client, and how to look around. */
export function welcome(options: WelcomeOptions): string {
  return [...sipPart(options), "", ...xmppPart(options), "", ...lookAround(options)].join("\n");
}

function sipPart({ config, accounts }: WelcomeOptions): readonly string[] {
  const { protocol, address, port } = sipServer(config);
  const host = address.includes(":") ? `[${address}]` : address;
  const domain = config.sip.domains[0];
  const friend = accounts.xmpp[0]?.address ?? `NAME@${config.xmpp.domains[0]}`;
  return [
    'In a SIP softphone, such as Linphone (an account with your own SIP server, "third-party account"):',
    ...accounts.sip.map((account) => `  username  ${padded(account, accounts)}  password  ${account.password}`),
    `  domain    ${domain}`,
    `  proxy     <sip:${host}:${port};transport=${protocol}>   (transport ${protocol.toUpperCase()}, outbound proxy on)`,
    `  write to  sip:${friend}`,
  ];
}

function padded({ address }: Account, { sip }: Accounts): string {
  const names = sip.map((account) => account.address.slice(0, account.address.indexOf("@")));
  const width = Math.max(...names.map((name) => name.length));
  return address.slice(0, address.indexOf("@")).padEnd(width);
}

function xmppPart({ config, accounts }: WelcomeOptions): readonly string[] {
  const friend = accounts.sip[0]?.address ?? `NAME@${config.sip.domains[0]}`;
  if (config.xmpp.server !== "managed") {
    const { host, port } = config.xmpp.server;
    return [
      `In an XMPP client, any account of your server (${config.xmpp.domains.join(", ")}; component port ${host}:${port}):`,
      `  write to  ${friend}`,
    ];
  }
  const { clientPort } = config.xmpp.managed;
  const width = Math.max(0, ...accounts.xmpp.map((account) => account.address.length));
  const example = accounts.xmpp[0]?.address ?? friend;
  return [
    "In an XMPP client on this machine, such as Gajim or Profanity:",
    ...accounts.xmpp.map(({ address, password }) => `  JID       ${address.padEnd(width)}  password  ${password}`),
    `  server    127.0.0.1 port ${clientPort}, no encryption (it never leaves this machine)`,
    `  Profanity /connect ${example} server 127.0.0.1 port ${clientPort} tls disable`,
    `  write to  ${friend}`,
  ];
}

function lookAround({ config, logFile }: WelcomeOptions): readonly string[] {
  const command = `node dist/cli/main.js --config ${config.file}`;
  return [
    "To look around, in another terminal:",
    `  ${command} status`,
    `  ${command} user add carol@${config.sip.domains[0]}`,
    `  ${command} conversation list`,
    `  ${command} param list`,
    `  settings  ${config.file}`,
    `  log       ${logFile}`,
  ];
}

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { firstFreePort } from "./ports.ts";

export interface Ports {
  readonly sip: number; // UDP and TCP
  readonly client: number; // XMPP clients
  readonly component: number; // XEP-0114
}

/** The usual ports first, then those beside them; 5061 and 5223 are known for TLS and left alone. */
const CANDIDATES = {
  sip: [5060, 5062, 5064, 5066, 5068],
  client: [5222, 5224, 5226, 5228],
  component: [5347, 5348, 5349, 5350],
} as const;

/** Writes parley.yaml where there is none, with ports that are free now; they stay in it. True: it was written. */
export async function ensureSettingsFile(file: string): Promise<boolean> {
  if (existsSync(file)) return false;
  const ports: Ports = {
    sip: await firstFreePort(["udp", "tcp"], CANDIDATES.sip),
    client: await firstFreePort(["tcp"], CANDIDATES.client),
    component: await firstFreePort(["tcp"], CANDIDATES.component),
  };
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, settingsText(ports), { mode: 0o600, flag: "wx" });
  return true;
}

/** parley.yaml for one machine, explained. */
export function settingsText({ sip, client, component }: Ports): string {
  return `# The settings of Parley, written by the first \`npm start\`. It is yours: change it, then start again.
# \`node dist/cli/main.js check-config --config FILE\` names every mistake. Paths are relative to this file.

sip:
  # SIP users sign in as NAME@sip.test.
  domains: [sip.test]
  # 127.0.0.1 is heard by programs on this machine only. For phones on your network, put the address of this machine
  # here in place of 127.0.0.1.
  listen: ["udp://127.0.0.1:${sip}", "tcp://127.0.0.1:${sip}"]
  authentication: digest

xmpp:
  # "managed" runs a private Prosody, with all its files in the folder below. To use an XMPP server that you have,
  # write its component port, such as server: "xmpp://127.0.0.1:5347", remove the line "managed", and give the
  # component its secret as that server knows it: [{ domain: sip.test, secretFile: component.secret }]
  server: managed
  managed: { directory: prosody, clientPort: ${client}, componentPort: ${component} }
  # The XMPP server hands everything for this domain to Parley.
  components: [{ domain: sip.test }]
  # XMPP users are NAME@xmpp.test.
  domains: [xmpp.test]

store: "sqlite:parley.db"
control: "parley.sock"
log: { level: info, format: json }
`;
}

import { join } from "node:path";
import { luaString } from "./prosody-text.ts";

export interface ProsodyConfig {
  readonly directory: string;
  readonly domains: readonly string[];
  readonly components: readonly { readonly domain: string; readonly secret: string }[];
  readonly clientPort: number;
  readonly componentPort: number;
  /** There is a certificate for each domain in `directory`/certs. */
  readonly tls: boolean;
}

/** What today's clients expect of a server; message, presence, iq, offline and c2s load by themselves. */
const MODULES = [
  "roster",
  "saslauth",
  "disco",
  "ping",
  "version",
  "carbons", // XEP-0280
  "mam", // XEP-0313
  "smacks", // XEP-0198
  "blocklist", // XEP-0191
  "pep", // XEP-0163
  "vcard4",
  "vcard_legacy",
  "bookmarks",
  "private",
  "csi_simple", // XEP-0352
];

/**
 * Messages of a user's archive. Prosody's default is 10,000, and from there on each message rewrites the archive, which
 * lets a server sink to some 290 messages a second; old ones go by age instead.
 */
const ARCHIVE_ITEMS = 1_000_000;

/** prosody.cfg.lua for a server on loopback alone, which shares nothing with a Prosody of the system. */
export function formatProsodyConfig(config: ProsodyConfig): string {
  const { directory, clientPort, componentPort, tls } = config;
  const modules = tls ? [...MODULES, "tls"] : MODULES;
  return [
    "-- Written at each start; changes are lost.",
    "run_as_root = true -- it runs as whoever runs its parent",
    `pidfile = ${luaString(pidFileOf(directory))}`,
    `data_path = ${luaString(dataFolderOf(directory))}`,
    `certificates = ${luaString(certificateFolderOf(directory))}`,
    'log = { { levels = { min = "info" }, to = "stdout" } }',
    'interfaces = { "127.0.0.1" }',
    'component_interfaces = { "127.0.0.1" }',
    `c2s_ports = { ${clientPort} }`,
    `component_ports = { ${componentPort} }`,
    `modules_enabled = { ${modules.map(luaString).join(", ")} }`,
    'modules_disabled = { "s2s", "s2s_auth_certs" }',
    "network_settings = { nagle = false } -- or stanzas wait for acknowledgements, up to 40 ms each",
    "c2s_require_encryption = false -- loopback",
    "allow_unencrypted_plain_auth = true",
    'authentication = "internal_hashed"',
    'storage = "internal"',
    `storage_archive_item_limit = ${ARCHIVE_ITEMS}`,
    'archive_expires_after = "30d"',
    ...config.domains.map((domain) => `VirtualHost ${luaString(domain)}`),
    ...config.components.map(
      ({ domain, secret }) =>
        `Component ${luaString(domain)}\n  component_secret = ${luaString(secret)}\n` +
        '  component_conflict_resolve = "kick_old" -- a gateway that lost its connection in silence comes back at once',
    ),
    "",
  ].join("\n");
}

export function configFileOf(directory: string): string {
  return join(directory, "prosody.cfg.lua");
}

export function pidFileOf(directory: string): string {
  return join(directory, "prosody.pid");
}

export function dataFolderOf(directory: string): string {
  return join(directory, "data");
}

export function certificateFolderOf(directory: string): string {
  return join(directory, "certs");
}

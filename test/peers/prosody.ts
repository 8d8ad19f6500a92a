import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { luaString, storeName } from "../../xmpp/managed-server/prosody-text.ts";
import { findProgram } from "./find-program.ts";
import { freePort } from "./free-port.ts";
import { ServerProcess } from "./server-process.ts";
import type { XmppServer, XmppServerOptions } from "./xmpp-server.ts";

const MODULES = ["disco", "roster", "saslauth", "carbons", "ping", "version", "blocklist"];

interface ProsodyLayout {
  readonly directory: string;
  readonly clientPort: number;
  readonly componentPort: number;
}

/** Starts a Prosody of its own in a temporary directory and waits until it accepts connections. */
export async function startProsody(options: XmppServerOptions = {}): Promise<XmppServer> {
  const command = findProgram("prosody", "prosody");
  const directory = await mkdtemp(join(tmpdir(), "parley-prosody-"));
  const [clientPort, componentPort] = [await freePort(), await freePort()];
  const hosts = options.hosts ?? ["xmpp.test"];
  const configFile = join(directory, "prosody.cfg.lua");
  await mkdir(join(directory, "data"));
  const reconfigure = (settings: XmppServerOptions): Promise<void> =>
    writeFile(configFile, configuration(settings, { directory, clientPort, componentPort }));
  await reconfigure(options);
  for (const { jid, password } of options.users ?? []) {
    await writeAccount(directory, jid, password);
  }
  const server = new ServerProcess({
    command,
    args: ["-F", "--config", configFile],
    directory,
    outputFile: join(directory, "output.log"),
    ports: [clientPort, componentPort],
  });
  await server.start();
  return {
    host: hosts[0] ?? "xmpp.test",
    clientPort,
    componentPort,
    logFile: join(directory, "prosody.log"),
    addUser: (jid, password) => writeAccount(directory, jid, password),
    pause: () => server.signal("SIGSTOP"),
    resume: () => server.signal("SIGCONT"),
    reconfigure,
    kill: () => server.end("SIGKILL"),
    restart: async (how) => {
      await server.end(how === "kill" ? "SIGKILL" : "SIGTERM");
      await server.start();
    },
    stop: async () => {
      await server.end("SIGTERM");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function configuration(options: XmppServerOptions, { directory, clientPort, componentPort }: ProsodyLayout): string {
  const modules = [...MODULES, ...(options.archive ? ["mam"] : []), ...(options.modules ?? [])];
  return [
    "run_as_root = true",
    `pidfile = ${luaString(join(directory, "prosody.pid"))}`,
    `data_path = ${luaString(join(directory, "data"))}`,
    `certificates = ${luaString(directory)}`,
    `log = { info = ${luaString(join(directory, "prosody.log"))} }`,
    'interfaces = { "127.0.0.1" }',
    `c2s_ports = { ${clientPort} }`,
    'component_interfaces = { "127.0.0.1" }',
    `component_ports = { ${componentPort} }`,
    `modules_enabled = { ${modules.map(luaString).join(", ")} }`,
    `modules_disabled = { ${["s2s", "s2s_auth_certs", ...(options.without ?? [])].map(luaString).join(", ")} }`,
    "c2s_require_encryption = false",
    "allow_unencrypted_plain_auth = true",
    'authentication = "internal_plain"',
    'storage = { archive = "memory" }',
    "storage_archive_item_limit = 10000000",
    ...(options.hosts ?? ["xmpp.test"]).map((host) => `VirtualHost ${luaString(host)}`),
    ...(options.components ?? []).map(
      ({ domain, secret }) => `Component ${luaString(domain)}\ncomponent_secret = ${luaString(secret)}`,
    ),
    "",
  ].join("\n");
}

/** mod_auth_internal_plain reads the account's file at each login. */
async function writeAccount(directory: string, jid: string, password: string): Promise<void> {
  const [user = "", host = ""] = jid.split("@");
  const folder = join(directory, "data", storeName(host), "accounts");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${storeName(user)}.dat`), `return { ["password"] = ${luaString(password)} };\n`);
}

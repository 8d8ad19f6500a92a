import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface BenchServer {
  readonly directory: string; // for the gateway's files too; removed by stop
  readonly pid: number;
  readonly clientPort: number;
  readonly componentPort: number;
  stop(): Promise<void>;
}

export interface BenchServerOptions {
  readonly domain: string;
  readonly component: string;
  readonly secret: string;
  readonly users: readonly string[]; // the password is the name
  readonly nagle: boolean; // Prosody's default is true
}

/** A Prosody for measuring: no archive, no limits, plain passwords, as the baseline that we compare with was measured. */
export async function startBenchProsody(options: BenchServerOptions): Promise<BenchServer> {
  const directory = mkdtempSync(join(tmpdir(), "parley-bench-"));
  const [clientPort, componentPort] = [await freePort(), await freePort()];
  const data = join(directory, "prosody-data");
  const accounts = join(data, encodeDomain(options.domain), "accounts");
  mkdirSync(accounts, { recursive: true });
  for (const user of options.users)
    writeFileSync(join(accounts, `${user}.dat`), `return { ["password"] = "${user}" };\n`);
  const file = join(directory, "prosody.cfg.lua");
  writeFileSync(file, configText({ ...options, data, directory, clientPort, componentPort }));
  const child = spawn("prosody", ["--config", file, "-F"], { stdio: ["ignore", "ignore", "inherit"] });
  await Promise.all([whenOpen(clientPort), whenOpen(componentPort)]);
  return {
    directory,
    pid: child.pid ?? 0,
    clientPort,
    componentPort,
    stop: async () => {
      await ended(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

interface ConfigValues extends BenchServerOptions {
  readonly data: string;
  readonly directory: string;
  readonly clientPort: number;
  readonly componentPort: number;
}

function configText(values: ConfigValues): string {
  return `
data_path = "${values.data}"
pidfile = "${join(values.directory, "prosody.pid")}"
run_as_root = true
interfaces = { "127.0.0.1" }
c2s_ports = { ${values.clientPort} }
component_ports = { ${values.componentPort} }
component_interfaces = { "127.0.0.1" }
modules_enabled = { "roster", "saslauth", "disco", "ping", "offline" }
modules_disabled = { "s2s", "tls" }
authentication = "internal_plain"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
${values.nagle ? "" : "network_settings = { nagle = false }"}
log = { error = "*console" }
VirtualHost "${values.domain}"
Component "${values.component}"
  component_secret = "${values.secret}"
`;
}

/** Prosody's own way to make a folder name of a domain. */
function encodeDomain(domain: string): string {
  return domain.replace(/[^A-Za-z0-9]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

const OPEN_WITHIN_MS = 10_000;
const RETRY_MS = 50;

async function whenOpen(port: number): Promise<void> {
  const deadline = Date.now() + OPEN_WITHIN_MS;
  while (!(await isOpen(port))) {
    if (Date.now() > deadline) throw new Error(`Prosody does not listen on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}

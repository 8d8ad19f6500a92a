import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { PEOPLE, SIP_DOMAIN, XMPP_DOMAIN } from "./im-load.ts";
import { type BenchServer, ended, freePort, startBenchProsody } from "./private-prosody.ts";
import type { Row } from "./row.ts";

const SECRET = "bench";

export interface BenchGateway {
  readonly sipPort: number; // UDP, without authentication
  readonly xmppPort: number; // of the XMPP server, for clients
  residentMb(): number;
  /** Runs `parley …` against it and gives what it prints; rejects when it is refused. */
  cli(args: readonly string[]): Promise<string>;
}

export interface BenchGatewayOptions {
  readonly journal?: boolean; // on if absent
}

const CLI = new URL("../cli/main.js", import.meta.url).pathname;
const WITHOUT_JOURNAL = new URL("./gateway-without-journal.js", import.meta.url).pathname;

/** A Prosody and the gateway as `parley serve` runs it, with its store and its log on disk, for as long as `run` takes. */
export async function withGateway(
  run: (gateway: BenchGateway) => Promise<readonly Row[]>,
  { journal = true }: BenchGatewayOptions = {},
): Promise<readonly Row[]> {
  const users = Array.from({ length: PEOPLE }, (_, n) => `p${n}`);
  const options = { domain: XMPP_DOMAIN, component: SIP_DOMAIN, secret: SECRET, users, nagle: true };
  const server = await startBenchProsody(options);
  try {
    const sipPort = await freePort();
    const config = writeConfig(server, sipPort);
    const program = journal ? CLI : WITHOUT_JOURNAL;
    const gateway = await startGateway([program, "serve", "--config", config], server.directory);
    const cli = async (args: readonly string[]) =>
      (await promisify(execFile)(process.execPath, [CLI, ...args, "--config", config])).stdout;
    try {
      const xmppPort = server.clientPort;
      return await run({ sipPort, xmppPort, residentMb: () => residentMb(gateway), cli });
    } finally {
      await ended(gateway);
    }
  } finally {
    await server.stop();
  }
}

function writeConfig(server: BenchServer, sipPort: number): string {
  const file = join(server.directory, "parley.yaml");
  writeFileSync(
    file,
    `sip: { domains: [${SIP_DOMAIN}], listen: ["udp://127.0.0.1:${sipPort}"], authentication: none }
xmpp:
  server: "xmpp://127.0.0.1:${server.componentPort}"
  components: [{ domain: ${SIP_DOMAIN}, secret: "${SECRET}" }]
  domains: [${XMPP_DOMAIN}]
store: "sqlite:parley.db"
control: "parley.sock"
`,
    { mode: 0o600 },
  );
  return file;
}

async function startGateway(command: readonly string[], directory: string): Promise<ChildProcess> {
  const logFile = join(directory, "parley.log");
  const log = openSync(logFile, "a");
  const gateway = spawn(process.execPath, [...process.execArgv, ...command], { stdio: ["ignore", "pipe", log] });
  closeSync(log);
  await new Promise<void>((resolve, reject) => {
    gateway.stdout?.once("data", () => resolve());
    gateway.once("exit", () => reject(new Error(readFileSync(logFile, "utf8"))));
  });
  return gateway;
}

/** Linux: resident set size of a process. */
function residentMb(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024);
}

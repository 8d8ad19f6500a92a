import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PEOPLE, SIP_DOMAIN, XMPP_DOMAIN } from "./im-load.ts";
import { type BenchServer, ended, freePort, startBenchProsody } from "./private-prosody.ts";
import type { Row } from "./row.ts";

const SECRET = "bench";

export interface BenchGateway {
  readonly sipPort: number; // UDP, without authentication
  readonly xmppPort: number; // of the XMPP server, for clients
  residentMb(): number;
}

/** A Prosody and the gateway as `parley serve` runs it, with its store and its log on disk, for as long as `run` takes. */
export async function withGateway(run: (gateway: BenchGateway) => Promise<readonly Row[]>): Promise<readonly Row[]> {
  const users = Array.from({ length: PEOPLE }, (_, n) => `p${n}`);
  const options = { domain: XMPP_DOMAIN, component: SIP_DOMAIN, secret: SECRET, users, nagle: true };
  const server = await startBenchProsody(options);
  try {
    const sipPort = await freePort();
    const gateway = await startGateway(server, sipPort);
    try {
      return await run({ sipPort, xmppPort: server.clientPort, residentMb: () => residentMb(gateway) });
    } finally {
      await ended(gateway);
    }
  } finally {
    await server.stop();
  }
}

async function startGateway(server: BenchServer, sipPort: number): Promise<ChildProcess> {
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
  const log = openSync(join(server.directory, "parley.log"), "a");
  const main = new URL("../cli/main.js", import.meta.url).pathname;
  const gateway = spawn(process.execPath, [...process.execArgv, main, "serve", "--config", file], {
    stdio: ["ignore", "pipe", log],
  });
  closeSync(log);
  await new Promise<void>((resolve, reject) => {
    gateway.stdout?.once("data", () => resolve());
    gateway.once("exit", () => reject(new Error(readFileSync(join(server.directory, "parley.log"), "utf8"))));
  });
  return gateway;
}

/** Linux: resident set size of a process. */
function residentMb(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024);
}

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROGRAM, runCli } from "../cli/run-cli.ts";
import { freePort } from "../peers/free-port.ts";
import { passwordOf, SIP_DOMAIN, XMPP_DOMAIN } from "../peers/gateway.ts";

export interface GatewayProcessOptions {
  readonly folder: string; // for its configuration, store and control socket
  readonly logFile: string;
  readonly componentPort: number;
  readonly secret: string;
  readonly authentication: "digest" | "none";
  readonly nodeArguments: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const READY_WITHIN_MS = 60_000; // the XMPP server may be starting as well
const USERS_AT_A_TIME = 4; // each is a process of its own

/** `parley serve` as an operator runs it, with its log in a file, to be killed and started again. */
export class GatewayProcess {
  readonly sipPort: number;
  readonly #options: GatewayProcessOptions;
  readonly #configFile: string;
  #child: ChildProcess | undefined;

  private constructor(options: GatewayProcessOptions, sipPort: number) {
    this.#options = options;
    this.sipPort = sipPort;
    this.#configFile = join(options.folder, "parley.yaml");
    writeFileSync(this.#configFile, configText(options, sipPort), { mode: 0o600 });
  }

  /** Resolves when both sides are up. */
  static async start(options: GatewayProcessOptions): Promise<GatewayProcess> {
    const gateway = new GatewayProcess(options, await freePort());
    await gateway.start();
    return gateway;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async start(): Promise<void> {
    const log = openSync(this.#options.logFile, "a");
    const { nodeArguments, env } = this.#options;
    const child = spawn(process.execPath, [...nodeArguments, PROGRAM, "serve", "--config", this.#configFile], {
      stdio: ["ignore", "pipe", log],
      env: { ...process.env, ...env },
    });
    closeSync(log);
    this.#child = child;
    const endWithUs = (): void => void child.kill("SIGKILL");
    process.once("exit", endWithUs);
    child.once("exit", () => process.removeListener("exit", endWithUs));
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`parley serve: ${why}\n${this.#lastLog()}`));
      const timer = setTimeout(fail, READY_WITHIN_MS, "not ready in time");
      child.stdout?.on("data", () => resolve()); // and read on, so that it never waits for us
      child.once("exit", (code, signal) => fail(`ended with ${signal ?? code}`));
      child.once("exit", () => clearTimeout(timer));
      child.stdout?.once("data", () => clearTimeout(timer));
    });
  }

  /** Resolves when it is gone. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await gone;
  }

  async addUsers(users: readonly string[]): Promise<void> {
    for (let at = 0; at < users.length; at += USERS_AT_A_TIME) {
      await Promise.all(users.slice(at, at + USERS_AT_A_TIME).map((user) => this.#addUser(user)));
    }
  }

  /** IMs in the journal, but for those that are set aside: their senders have been told. */
  async unsettled(): Promise<number> {
    const all = await this.#countMessages([]);
    return all === 0 ? 0 : all - (await this.#countMessages(["--state", "set-aside"]));
  }

  async #countMessages(filter: readonly string[]): Promise<number> {
    const list = await this.#cli(["message", "list", "--json", "--limit", "1", ...filter]);
    return (JSON.parse(list) as { readonly total: number }).total;
  }

  async #addUser(user: string): Promise<void> {
    await this.#cli(["user", "add", `${user}@${SIP_DOMAIN}`], passwordOf(user));
  }

  async #cli(args: readonly string[], input = ""): Promise<string> {
    const run = await runCli([...args, "--config", this.#configFile], { input });
    if (run.code !== 0) throw new Error(`parley ${args.join(" ")}: ${run.stderr}${run.stdout}`);
    return run.stdout;
  }

  #lastLog(): string {
    return readFileSync(this.#options.logFile, "utf8").slice(-2_000);
  }
}

function configText({ componentPort, secret, authentication }: GatewayProcessOptions, sipPort: number): string {
  return `
sip:
  domains: [${SIP_DOMAIN}]
  listen: ["udp://127.0.0.1:${sipPort}"]
  authentication: ${authentication}
xmpp:
  server: "xmpp://127.0.0.1:${componentPort}"
  components: [{ domain: ${SIP_DOMAIN}, secret: "${secret}" }]
  domains: [${XMPP_DOMAIN}]
store: "sqlite:parley.db"
control: "parley.sock"
log: { level: info, format: json }
`;
}

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CliRun, PROGRAM, runCli } from "../cli/run-cli.ts";
import { freePort } from "./free-port.ts";
import { PeerProcess, temporaryFolder } from "./peer-process.ts";

export interface GatewayOptions {
  readonly componentPort: number; // of the XMPP server
  readonly secret?: string; // "secret" if absent
  readonly users?: readonly string[]; // user parts; the password of each is passwordOf(user)
  readonly authentication?: "digest" | "none"; // digest if absent
  readonly sipDomain?: string; // sip.test if absent
  readonly remoteDomains?: readonly string[]; // XMPP domains beside xmpp.test that SIP users may write to
}

export const SIP_DOMAIN = "sip.test";
export const XMPP_DOMAIN = "xmpp.test";

export function passwordOf(user: string): string {
  return `password-of-${user}`;
}

const READY_WITHIN_MS = 20_000;
const ENDED_WITHIN_MS = 20_000;

/** `parley serve` as an operator runs it, for sip.test and xmpp.test, on UDP and TCP of one free port, in its own folder. */
export class GatewayUnderTest {
  readonly folder = temporaryFolder("gateway");
  readonly configFile = join(this.folder, "parley.yaml");
  readonly sipPort: number;
  #process: PeerProcess;

  private constructor(options: GatewayOptions, sipPort: number) {
    this.sipPort = sipPort;
    writeFileSync(this.configFile, configOf(options, sipPort), { mode: 0o600 });
    this.#process = this.#serve();
  }

  /** Resolves when both sides are up and the users are there. */
  static async start(options: GatewayOptions): Promise<GatewayUnderTest> {
    const gateway = await GatewayUnderTest.launch(options);
    await gateway.untilReady();
    for (const user of options.users ?? [])
      await gateway.cli(["user", "add", `${user}@${options.sipDomain ?? SIP_DOMAIN}`], passwordOf(user));
    return gateway;
  }

  /** Starts it and waits for nothing: for an XMPP server that is away. */
  static async launch(options: GatewayOptions): Promise<GatewayUnderTest> {
    return new GatewayUnderTest(options, await freePort());
  }

  /** What it has printed and logged since its last start. */
  get output(): string {
    return this.#process.output;
  }

  get process(): PeerProcess {
    return this.#process;
  }

  async untilReady(): Promise<void> {
    await this.#process.untilOutput(/^ready .*$/m, READY_WITHIN_MS);
  }

  /** Runs `parley …` against it. */
  cli(args: readonly string[], input = ""): Promise<CliRun> {
    return runCli([...args, "--config", this.configFile], { input });
  }

  /** The JSON that a command prints. */
  async json<T>(args: readonly string[]): Promise<T> {
    const run = await this.cli([...args, "--json"]);
    if (run.code !== 0) throw new Error(`parley ${args.join(" ")}: ${run.stderr}${run.stdout}`);
    return JSON.parse(run.stdout) as T;
  }

  /** Ends it with the signal, and starts it again with the state it left behind. */
  async restart(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    await this.end(signal);
    this.#process = this.#serve();
    await this.untilReady();
  }

  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.#process.signal(signal);
    await this.#process.untilEnded(ENDED_WITHIN_MS);
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    if (this.#process.ended === undefined) await this.end("SIGTERM");
    rmSync(this.folder, { recursive: true, force: true });
  }

  #serve(): PeerProcess {
    const args = [PROGRAM, "serve", "--config", this.configFile];
    return new PeerProcess({ command: process.execPath, args, debianPackage: "nodejs", folder: this.folder });
  }
}

function configOf(
  {
    componentPort,
    secret = "secret",
    authentication = "digest",
    sipDomain = SIP_DOMAIN,
    remoteDomains = [],
  }: GatewayOptions,
  sipPort: number,
): string {
  return `
sip:
  domains: [${sipDomain}]
  listen: ["udp://127.0.0.1:${sipPort}", "tcp://127.0.0.1:${sipPort}"]
  authentication: ${authentication}
xmpp:
  server: "xmpp://127.0.0.1:${componentPort}"
  components: [{ domain: ${sipDomain}, secret: "${secret}" }]
  domains: [${[XMPP_DOMAIN, ...remoteDomains].join(", ")}]
store: "sqlite:parley.db"
control: "parley.sock"
log: { level: debug, format: json }
`;
}

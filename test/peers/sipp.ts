import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PeerProcess, peerTimeoutMs, temporaryFolder } from "./peer-process.ts";

export interface SippOptions {
  readonly scenario: string; // XML text
  readonly remote?: string; // host:port; none for a scenario that only answers
  readonly localPort?: number; // default: sipp chooses
  readonly transport?: "udp" | "tcp" | "tls"; // default: udp
  readonly calls?: number; // default: 1
  readonly args?: readonly string[]; // for example -s, -au, -ap, -key
  readonly timeoutMs?: number;
}

export interface SippResult {
  readonly exitCode: number | null; // 0: every call went as the scenario says
  readonly messages: string; // what was sent and received, as sipp traces it
  readonly errors: string; // why a call did not go as the scenario says
}

// one socket for all calls, as a registered device has
const transports = { udp: "u1", tcp: "t1", tls: "l1" };

/** A sipp run that has been started (Debian: sip-tester). */
export class Sipp {
  readonly #process: PeerProcess;
  readonly #folder: string;
  readonly #timeoutMs: number;

  constructor(options: SippOptions) {
    this.#folder = temporaryFolder("sipp");
    this.#timeoutMs = options.timeoutMs ?? peerTimeoutMs;
    writeFileSync(join(this.#folder, "scenario.xml"), options.scenario);
    const args = sippArguments(options, this.#timeoutMs);
    this.#process = new PeerProcess({ command: "sipp", args, debianPackage: "sip-tester", folder: this.#folder });
  }

  /** The trace so far. */
  get messages(): string {
    return this.#file("messages.log");
  }

  /** The result, when the scenario has ended or its time is over. */
  async result(): Promise<SippResult> {
    await this.#process.untilEnded(this.#timeoutMs + 5_000); // it ends by itself at its own -timeout
    const result = { exitCode: this.#process.exitCode, messages: this.messages, errors: this.#file("errors.log") };
    await this.stop();
    return result.errors === "" && result.exitCode !== 0 ? { ...result, errors: this.#process.output } : result;
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }

  #file(name: string): string {
    try {
      return readFileSync(join(this.#folder, name), "utf8");
    } catch {
      return ""; // sipp writes it when there is something to write
    }
  }
}

/** Runs a scenario to its end. */
export function runSipp(options: SippOptions): Promise<SippResult> {
  return new Sipp(options).result();
}

function sippArguments(options: SippOptions, timeoutMs: number): readonly string[] {
  const calls = String(options.calls ?? 1);
  return [
    ...(options.remote === undefined ? [] : [options.remote]),
    ...["-sf", "scenario.xml", "-m", calls, "-i", "127.0.0.1", "-t", transports[options.transport ?? "udp"]],
    ...(options.localPort === undefined ? [] : ["-p", String(options.localPort)]),
    ...["-timeout", `${Math.ceil(timeoutMs / 1000)}s`, "-timeout_error", "-nostdin"],
    ...["-trace_msg", "-message_file", "messages.log", "-trace_err", "-error_file", "errors.log"],
    ...(options.args ?? []),
  ];
}

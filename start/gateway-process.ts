import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface GatewayOptions {
  readonly configFile: string;
  readonly logFile: string;
}

/** The log of earlier starts is put aside beyond this size, in place of the one put aside before. */
const MAX_LOG_BYTES = 10 * 1024 * 1024;

/** Longer than a first start of Prosody and the database takes on a small, busy machine. */
const READY_WITHIN_MS = 60_000;

/** `parley serve` as a child of ours. */
export class GatewayProcess {
  readonly #child: ChildProcess;
  readonly #logFile: string;
  readonly #logStart: number;
  readonly #ended: Promise<string>;
  #stoppingSince: number | undefined;

  private constructor(child: ChildProcess, logFile: string, logStart: number) {
    this.#child = child;
    this.#logFile = logFile;
    this.#logStart = logStart;
    this.#ended = new Promise((resolve) => {
      child.once("error", (problem) => resolve(problem.message));
      child.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
  }

  /**
   * A process group of its own: Ctrl-C in a terminal reaches the whole group of `npm start`, and the gateway would take
   * it for the second signal, which cuts its draining short.
   */
  static start({ configFile, logFile }: GatewayOptions): GatewayProcess {
    if (existsSync(logFile) && statSync(logFile).size > MAX_LOG_BYTES) renameSync(logFile, `${logFile}.1`);
    const logStart = existsSync(logFile) ? statSync(logFile).size : 0;
    const log = openSync(logFile, "a", 0o600);
    const command = fileURLToPath(new URL("../cli/main.js", import.meta.url));
    const args = [command, "serve", "--config", configFile];
    const child = spawn(process.execPath, args, { detached: true, stdio: ["ignore", "pipe", log] });
    closeSync(log);
    return new GatewayProcess(child, logFile, logStart);
  }

  /** Resolves with how it ended, whether it was asked to or not. */
  get ended(): Promise<string> {
    return this.#ended;
  }

  /** True once `stop` was called. */
  get stopping(): boolean {
    return this.#stoppingSince !== undefined;
  }

  /** Resolves with the line `ready …`; rejects when it ends or the time is over before. */
  async ready(): Promise<string> {
    const line = new Promise<string>((resolve) => {
      let printed = "";
      this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
        printed += text;
        const found = /^ready.*$/m.exec(printed);
        if (found !== null && printed.includes("\n")) resolve(found[0]);
      });
    });
    const ended = this.#ended.then((how) => Promise.reject(new Error(`the gateway ended (${how})`)));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const why = `the gateway was not ready within ${READY_WITHIN_MS / 1000} s`;
      timer = setTimeout(() => reject(new Error(why)), READY_WITHIN_MS);
    });
    return Promise.race([line, ended, late]).finally(() => clearTimeout(timer));
  }

  /** SIGTERM: it finishes what is under way and stops its Prosody. Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#stoppingSince ??= Date.now();
    this.#child.kill("SIGTERM");
    await this.#ended;
  }

  /** A second SIGTERM: it ends at once. One Ctrl-C under npm comes twice, by the terminal and by npm. */
  hurry(): void {
    const sameKeystrokeMs = 1_000;
    if (this.#stoppingSince !== undefined && Date.now() - this.#stoppingSince > sameKeystrokeMs) {
      this.#child.kill("SIGTERM");
    }
  }

  /** The last lines that it has logged since this start. */
  lastLogLines(count = 20): string {
    if (!existsSync(this.#logFile)) return "";
    const text = readFileSync(this.#logFile).subarray(this.#logStart).toString("utf8");
    return text.trimEnd().split("\n").slice(-count).join("\n");
  }
}

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface PeerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly debianPackage: string; // told when the command is missing
  readonly folder: string; // its HOME and working folder
  readonly env?: NodeJS.ProcessEnv;
}

/** How long a client has to do what it was asked for; a busy machine needs more than the usual tenth of a second. */
export const peerTimeoutMs = 15_000;

const MAX_SHOWN_LINE = 500; // a test of long messages would fill the screen

const graceMs = 3_000; // between asking a program to end and asking harder

/** A private folder for one client; the name tells whose it was if a killed test run leaves it behind. */
export function temporaryFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `parley-test-${name}-`));
}

/** A program that somebody else wrote, its output, and its end. */
export class PeerProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #command: PeerCommand;
  readonly #listeners = new Set<() => void>();
  #output = "";
  #ended: string | undefined;

  constructor(command: PeerCommand) {
    this.#command = command;
    this.#child = spawn(command.command, command.args, {
      cwd: command.folder,
      env: { ...process.env, HOME: command.folder, LC_ALL: "C.UTF-8", ...command.env },
    });
    this.#child.stdin.on("error", () => undefined); // it may have ended while we write; `ended` tells
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => this.#onOutput(text));
    }
    this.#child.on("error", (problem: NodeJS.ErrnoException) => this.#onEnd(startFailure(command, problem)));
    this.#child.on("close", (code, signal) => this.#onEnd(`ended with ${signal ?? `exit code ${code}`}`));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Everything on stdout and stderr so far. */
  get output(): string {
    return this.#output;
  }

  /** Why it no longer runs; undefined while it does. */
  get ended(): string | undefined {
    return this.#ended;
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  write(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Reads no more: the next thing that it writes meets a broken pipe. */
  closeOutput(): void {
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
  }

  endInput(): void {
    this.#child.stdin.end();
  }

  /**
   * Resolves with what `look` finds, looking again at each output; rejects when the program ends or the time is over,
   * naming `what` was waited for and showing the last output.
   */
  until<T>(what: string, look: () => T | undefined, timeoutMs = peerTimeoutMs): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        this.#listeners.delete(check);
        settle();
      };
      const fail = (why: string): void => finish(() => reject(new Error(this.#failure(what, why))));
      const check = (): void => {
        const found = look();
        if (found !== undefined) finish(() => resolve(found));
        else if (this.#ended !== undefined) fail(this.#ended);
      };
      const timer = setTimeout(() => fail(`not seen within ${timeoutMs} ms`), timeoutMs);
      this.#listeners.add(check);
      check();
    });
  }

  untilOutput(pattern: RegExp, timeoutMs = peerTimeoutMs): Promise<RegExpExecArray> {
    return this.until(String(pattern), () => pattern.exec(this.#output) ?? undefined, timeoutMs);
  }

  /** Resolves when the program has ended by itself. */
  async untilEnded(timeoutMs = peerTimeoutMs): Promise<void> {
    await this.until("its end", () => this.#ended, timeoutMs);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it as a power cut would; `stop` is still to be called. */
  async kill(): Promise<void> {
    if (this.#ended !== undefined) return;
    this.#child.kill("SIGKILL");
    await this.untilEnded();
  }

  /** Closes its stdin, then asks with SIGTERM, then kills; resolves when it is gone and its folder removed. */
  async stop(): Promise<void> {
    this.endInput();
    await this.untilEnded(graceMs).catch(() => this.#terminate());
    rmSync(this.#command.folder, { recursive: true, force: true });
  }

  async #terminate(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.untilEnded(graceMs).catch(() => this.kill());
  }

  #onOutput(text: string): void {
    this.#output += text;
    for (const listener of [...this.#listeners]) listener();
  }

  #onEnd(why: string): void {
    this.#ended ??= why;
    for (const listener of [...this.#listeners]) listener();
  }

  #failure(what: string, why: string): string {
    const lastLines = this.#output.trimEnd().split("\n").slice(-25);
    return [`${this.#command.command}: waited for ${what}: ${why}`, ...lastLines].map(shortened).join("\n");
  }
}

function shortened(line: string): string {
  return line.length > MAX_SHOWN_LINE ? `${line.slice(0, MAX_SHOWN_LINE)} …` : line;
}

function startFailure(command: PeerCommand, problem: NodeJS.ErrnoException): string {
  if (problem.code !== "ENOENT") return problem.message;
  return `${command.command} is not installed: apt-get install ${command.debianPackage}`;
}

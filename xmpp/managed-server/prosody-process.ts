import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { Backoff } from "../link/backoff.ts";
import { systemRandom } from "../random.ts";

export interface ProsodyProcessOptions {
  readonly program: string;
  readonly configFile: string;
  readonly ports: readonly number[];
  readonly log: Logger;
}

/** A small machine under load needs a few seconds. */
const READY_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 20;
/** Prosody writes its files and ends well within this time; then it is killed. */
const STOP_GRACE_MS = 5_000;
/** Having run for so long, the next end is not part of the same trouble. */
const SETTLED_AFTER_MS = 60_000;
/** Enough to see why it did not start. */
const KEPT_LINES = 20;

/** Where programs lie that are not on every PATH. */
const SYSTEM_FOLDERS = ["/usr/bin", "/usr/local/bin", "/usr/sbin"];

/** The path of the prosody program; throws with the command that installs it. */
export function findProsody(): string {
  const folders = [...(process.env["PATH"] ?? "").split(":"), ...SYSTEM_FOLDERS];
  const found = folders.map((folder) => join(folder, "prosody")).find(isExecutable);
  if (found === undefined) {
    throw new Error("the XMPP server Prosody is not installed: apt-get install prosody");
  }
  return found;
}

/** One Prosody in the foreground as our child, started again with growing delays when it ends by itself. */
export class ProsodyProcess {
  readonly #options: ProsodyProcessOptions;
  readonly #backoff = new Backoff(systemRandom);
  readonly #lines: string[] = [];
  #child: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #ready = false;
  #stopping = false;

  constructor(options: ProsodyProcessOptions) {
    this.#options = options;
  }

  /** Resolves when every port accepts connections. */
  async start(): Promise<void> {
    const child = this.#spawn();
    const deadline = Date.now() + READY_WITHIN_MS;
    for (const port of this.#options.ports) {
      while (!(await accepts(port))) {
        if (hasEnded(child) || Date.now() > deadline) {
          await this.stop();
          throw new Error(`the private Prosody did not start:\n${this.#lines.join("\n")}`);
        }
        await sleep(LOOK_EVERY_MS);
      }
    }
    this.#ready = true;
    this.#options.log.info({ pid: child.pid, ports: this.#options.ports }, "private Prosody ready");
  }

  /** Ends it, gently at first, and waits until it is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child === undefined || hasEnded(child)) {
      return;
    }
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    const killer = setTimeout(() => child.kill("SIGKILL"), STOP_GRACE_MS);
    await gone;
    clearTimeout(killer);
  }

  #spawn(): ChildProcess {
    const { program, configFile } = this.#options;
    const startedAt = Date.now();
    const child = spawn(program, ["-F", "--config", configFile], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => this.#onLine(line));
    }
    child.once("error", (error) => this.#onLine(`prosody error ${error.message}`));
    child.once("exit", (code, signal) => this.#onExit({ startedAt, how: signal ?? `status ${code}` }));
    return child;
  }

  #onExit({ startedAt, how }: { readonly startedAt: number; readonly how: string }): void {
    if (this.#stopping || !this.#ready) {
      return;
    }
    if (Date.now() - startedAt > SETTLED_AFTER_MS) {
      this.#backoff.reset();
    }
    const delayMs = this.#backoff.next("cut");
    this.#options.log.error({ how, delayMs }, "the private Prosody has ended by itself; starting it again");
    this.#restart = setTimeout(() => this.#spawn(), delayMs);
  }

  /** Its own log: source, level, message. */
  #onLine(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) {
      this.#lines.shift();
    }
    const level = /^\S+\s+(error|warn)\t/.exec(line)?.[1] === undefined ? "debug" : "warn";
    this.#options.log[level]({ prosody: line }, "private Prosody says");
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

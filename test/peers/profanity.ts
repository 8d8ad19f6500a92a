import { execFile } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { peerTimeoutMs, temporaryFolder } from "./peer-process.ts";

export interface ProfanityOptions {
  readonly jid: string;
  readonly password: string;
  readonly host: string;
  readonly port: number;
}

const lookAgainMs = 50; // a screen can only be looked at again and again

/** profanity in a terminal of its own (Debian: profanity, tmux): what an XMPP person types and sees. */
export class Profanity {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async start(options: ProfanityOptions): Promise<Profanity> {
    const folder = temporaryFolder("profanity");
    const settings = join(folder, ".config/profanity");
    const accounts = join(folder, ".local/share/profanity");
    mkdirSync(settings, { recursive: true });
    mkdirSync(accounts, { recursive: true });
    writeFileSync(join(settings, "profrc"), preferences);
    writeFileSync(join(accounts, "accounts"), account(options), { mode: 0o600 });
    const profanity = new Profanity(folder);
    await profanity.#tmux("new-session", "-d", "-x", "160", "-y", "50", "profanity -a test");
    return profanity;
  }

  /** Types one line: a command with its slash, or text for the open chat. */
  async type(line: string): Promise<void> {
    await this.#tmux("send-keys", "-l", line);
    await this.#tmux("send-keys", "Enter");
  }

  /** Brings the chat with somebody to the front; what comes in for another chat shows only as a note on the console. */
  openChat(jid: string): Promise<void> {
    return this.type(`/msg ${jid}`);
  }

  /** What stands on the screen now, with the lines that have scrolled out of it. */
  screen(): Promise<string> {
    return this.#tmux("capture-pane", "-p", "-J", "-S", "-200");
  }

  /** Resolves with what matches on the screen. */
  async sees(pattern: RegExp, timeoutMs = peerTimeoutMs): Promise<RegExpExecArray> {
    const endsAt = Date.now() + timeoutMs;
    for (;;) {
      const screen = await this.screen();
      const match = pattern.exec(screen);
      if (match !== null) return match;
      if (Date.now() > endsAt)
        throw new Error(`profanity: ${pattern} not seen within ${timeoutMs} ms\n${screen.replace(/\s*\n/g, "\n")}`);
      await pause(lookAgainMs);
    }
  }

  /** Ends profanity and its terminal. */
  async stop(): Promise<void> {
    await this.#tmux("kill-server").catch(() => undefined); // it has ended by itself
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    const env = { ...process.env, HOME: this.#folder, LC_ALL: "C.UTF-8", TERM: "screen-256color", TMUX: "" };
    for (const name of ["XDG_CONFIG_HOME", "XDG_DATA_HOME"]) Reflect.deleteProperty(env, name);
    const socket = ["-u", "-f", "/dev/null", "-S", join(this.#folder, "tmux.sock")];
    const { stdout } = await promisify(execFile)("tmux", [...socket, ...args], { env, cwd: this.#folder });
    return stdout;
  }
}

/** Nothing that pops up or writes logs. */
const preferences = "[ui]\nsplash=false\nflash=false\nbeep=false\nwrap=false\n[logging]\nchlog=false\n";

function account({ jid, password, host, port }: ProfanityOptions): string {
  return `[test]
enabled=true
jid=${jid}
password=${password}
server=${host}
port=${port}
tls.policy=disable
resource=profanity
presence.last=online
presence.login=online
`;
}

import { writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { PeerProcess, peerTimeoutMs, temporaryFolder } from "./peer-process.ts";

export interface BaresipOptions {
  readonly aor: string; // carol@sip.test
  readonly password: string;
  readonly proxy: string; // sip:127.0.0.1:5060
  readonly transport: "udp" | "tcp";
  readonly contacts: readonly string[]; // SIP URIs; it writes to people of its contact list only
}

export interface BaresipMessage {
  readonly from: string; // sip:juliet@xmpp.test
  readonly text: string;
}

/** baresip (Debian: baresip-core) without sound, driven over its control port. */
export class Baresip {
  readonly #process: PeerProcess;
  readonly #contacts: readonly string[];
  readonly #controlPort: number;
  #failuresSeen = 0;

  private constructor(process: PeerProcess, contacts: readonly string[], controlPort: number) {
    this.#process = process;
    this.#contacts = contacts;
    this.#controlPort = controlPort;
  }

  static async start(options: BaresipOptions): Promise<Baresip> {
    const folder = temporaryFolder("baresip");
    const controlPort = await freePort();
    writeFileSync(join(folder, "config"), configuration(controlPort));
    writeFileSync(join(folder, "accounts"), account(options));
    writeFileSync(join(folder, "contacts"), options.contacts.map((uri) => `"${uri}" <${uri}>\n`).join(""));
    const args = ["-f", folder];
    const process = new PeerProcess({ command: "baresip", args, debianPackage: "baresip-core", folder });
    await process.untilOutput(/baresip is ready/);
    return new Baresip(process, options.contacts, controlPort);
  }

  async registered(): Promise<void> {
    await this.#process.untilOutput(/useragents? registered successfully/);
  }

  /** Writes to somebody of the contact list. What became of it is shown for failures only. */
  async send(contact: string, text: string): Promise<void> {
    const position = this.#contacts.indexOf(contact);
    if (position < 0) throw new Error(`baresip: ${contact} is not on its contact list`);
    for (const _ of this.#contacts) await this.#control("contact_prev");
    for (let step = 0; step < position; step += 1) await this.#control("contact_next");
    await this.#control("message", text);
  }

  async received(text: string, timeoutMs = peerTimeoutMs): Promise<BaresipMessage> {
    const shown = `: "${text}"\n`; // it shows a text as it is, quotes and line ends too
    const look = (): number | undefined => {
      const at = this.#process.output.indexOf(shown);
      return at < 0 ? undefined : at;
    };
    const at = await this.#process.until(`the message ${JSON.stringify(text)}`, look, timeoutMs);
    const from = /(sips?:\S+)$/.exec(this.#process.output.slice(0, at))?.[1] ?? "";
    return { from, text };
  }

  /** Everything that it has printed. */
  get screen(): string {
    return this.#process.output;
  }

  /** The status line that it shows for the next message that failed, for example "404 Not Found". */
  async failure(timeoutMs = peerTimeoutMs): Promise<string> {
    const wanted = this.#failuresSeen;
    this.#failuresSeen += 1;
    return this.#process.until("a failed message", () => this.#failures()[wanted], timeoutMs);
  }

  /** Unregisters and ends. */
  async stop(): Promise<void> {
    if (this.#process.ended === undefined) await this.#control("quit").catch(() => undefined);
    await this.#process.stop();
  }

  /** Ends without unregistering; `stop` is still to be called. */
  kill(): Promise<void> {
    return this.#process.kill();
  }

  #failures(): readonly string[] {
    const red = new RegExp(`^ ?${ansiEscape}\\[31m([3-6]\\d\\d .*?)${ansiEscape}\\[;m`, "gm");
    return [...this.#process.output.matchAll(red)].map((match) => match[1] ?? "");
  }

  /** One command, and the answer that it was carried out. */
  async #control(command: string, params = ""): Promise<void> {
    const socket = connect(this.#controlPort, "127.0.0.1");
    try {
      socket.write(netstring(JSON.stringify({ command, params, token: command })));
      await response(socket, command);
    } finally {
      socket.destroy();
    }
  }
}

const ansiEscape = "\u001b";

/** Port 0: one of the system's choice for UDP, TCP and TLS each. stdio prints what comes in. */
function configuration(controlPort: number): string {
  return `sip_listen 127.0.0.1:0
module_path /usr/lib/baresip/modules
module stdio.so
module_app account.so
module_app contact.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:${controlPort}
`;
}

function account({ aor, password, proxy, transport }: BaresipOptions): string {
  const user = aor.slice(0, aor.indexOf("@"));
  return `<sip:${aor}>;auth_user=${user};auth_pass=${password};outbound="${proxy};transport=${transport}";regint=600\n`;
}

function netstring(text: string): string {
  return `${Buffer.byteLength(text)}:${text},`;
}

function response(socket: Socket, command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      received += text;
      if (received.includes(`"token":"${command}"`)) resolve();
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`baresip: no answer to ${command}`)));
  });
}

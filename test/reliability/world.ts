import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startEjabberd } from "../peers/ejabberd.ts";
import { passwordOf, SIP_DOMAIN, XMPP_DOMAIN } from "../peers/gateway.ts";
import { temporaryFolder } from "../peers/peer-process.ts";
import { startProsody } from "../peers/prosody.ts";
import type { XmppServer } from "../peers/xmpp-server.ts";
import { GatewayProcess } from "./gateway-process.ts";
import { type LinkTap, startLinkTap } from "./link-tap.ts";
import { Person } from "./person.ts";
import { Phone } from "./phone.ts";
import { mountSmallDisk, type SmallDisk } from "./small-disk.ts";

export type ServerName = "prosody" | "ejabberd";

export interface WorldOptions {
  readonly server: ServerName;
  readonly users: number; // on each side
  readonly authentication: "digest" | "none";
  readonly smallDisk: boolean; // the gateway's store on a disk that can be filled
  readonly watchHeap?: boolean; // the gateway writes what lives in its heap to `heapFile`
  readonly keep?: boolean; // the folder with the gateway's log stays, and is named
}

/** `offline` is mod_offline, which ejabberd's peer has anyway. */
const SERVERS = {
  prosody: { start: startProsody, modules: ["offline"] },
  ejabberd: { start: startEjabberd, modules: [] },
} as const;

const SECRET = "reliability";

const HEAP_REPORTER = new URL("./heap-reporter.js", import.meta.url).href;
const HEAP_FILE = "heap";

/** A gateway, its XMPP server, the link between them, and the people of both sides, all fresh. */
export class World {
  readonly folder: string; // of the gateway's log, and of its files unless these lie on `disk`
  readonly options: WorldOptions;
  readonly server: XmppServer;
  readonly tap: LinkTap;
  readonly gateway: GatewayProcess;
  readonly disk: SmallDisk | undefined;
  readonly #phones: Phone[] = [];
  readonly #people: Person[] = [];
  lossShare = 0; // of the phones' packets, in each direction
  readonly #random: () => number;

  private constructor(parts: Pick<World, "options" | "server" | "tap" | "gateway" | "disk" | "folder">) {
    this.options = parts.options;
    this.folder = parts.folder;
    this.server = parts.server;
    this.tap = parts.tap;
    this.gateway = parts.gateway;
    this.disk = parts.disk;
    this.#random = randomFrom(1);
  }

  static async start(options: WorldOptions): Promise<World> {
    const folder = temporaryFolder("reliability");
    const names = Array.from({ length: options.users }, (_, number) => `u${number}`);
    const { start, modules } = SERVERS[options.server];
    const users = names.map((name) => ({ jid: `${name}@${XMPP_DOMAIN}`, password: passwordOf(name) }));
    const server = await start({ components: [{ domain: SIP_DOMAIN, secret: SECRET }], users, modules });
    const tap = await startLinkTap(server.componentPort);
    const disk = options.smallDisk ? mountSmallDisk(join(folder, "disk")) : undefined;
    const home = disk?.folder ?? join(folder, "gateway");
    mkdirSync(home, { recursive: true });
    const gateway = await GatewayProcess.start({
      folder: home,
      logFile: join(folder, "gateway.log"),
      componentPort: tap.port,
      secret: SECRET,
      authentication: options.authentication,
      nodeArguments: options.watchHeap ? [`--import=${HEAP_REPORTER}`] : [],
      env: { HEAP_FILE: join(folder, HEAP_FILE) },
    });
    const world = new World({ options, folder, server, tap, gateway, disk });
    if (options.authentication === "digest") await gateway.addUsers(names);
    await world.#bring(names);
    return world;
  }

  get heapFile(): string {
    return join(this.folder, HEAP_FILE);
  }

  get phones(): readonly Phone[] {
    return this.#phones;
  }

  get people(): readonly Person[] {
    return this.#people;
  }

  async stop(): Promise<void> {
    for (const each of [...this.phones, ...this.people]) each.close();
    await this.gateway.end("SIGTERM");
    await this.tap.stop();
    await this.server.stop();
    this.disk?.unmount();
    if (this.options.keep) console.error(`kept: ${this.folder}`);
    else rmSync(this.folder, { recursive: true, force: true });
  }

  async #bring(names: readonly string[]): Promise<void> {
    const { sipPort } = this.gateway;
    const drops = (): boolean => this.#random() < this.lossShare;
    for (const name of names) {
      const aor = `${name}@${SIP_DOMAIN}`;
      this.#phones.push(await Phone.register({ aor, password: passwordOf(name), gatewayPort: sipPort, drops }));
      const { clientPort } = this.server;
      this.#people.push(
        await Person.login({ user: name, domain: XMPP_DOMAIN, password: passwordOf(name), port: clientPort }),
      );
    }
  }
}

/** mulberry32: the same losses in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

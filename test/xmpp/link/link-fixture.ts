import xml, { type Element } from "@xmpp/xml";
import { type Logger, pino } from "pino";
import { createXmppLink } from "../../../xmpp/link/create.ts";
import type { LinkLimits } from "../../../xmpp/link/limits.ts";
import type { Handover, LinkStatus, XmppLink } from "../../../xmpp/link/link.ts";
import { waitFor } from "../../peers/wait-for.ts";
import { FakeClock } from "../fake-clock.ts";
import { type FakeConnection, FakeServer } from "./fake-server.ts";

const SECRET = "sécret";

export interface LogLine {
  readonly level: number;
  readonly msg: string;
}

/** A link to a fake server, under a clock that the test turns. */
export class LinkFixture {
  readonly clock = new FakeClock();
  readonly server = new FakeServer(SECRET);
  readonly received: Element[] = [];
  readonly outcomes = new Map<string, Handover>();
  readonly statuses: LinkStatus[] = [];
  readonly logged: LogLine[] = [];
  link!: XmppLink;

  async start(options: { limits?: Partial<LinkLimits>; secret?: string } = {}): Promise<void> {
    await this.server.listen();
    this.link = createXmppLink({
      server: { host: "127.0.0.1", port: this.server.port },
      domain: "sip.test",
      secret: options.secret ?? SECRET,
      barrierTo: "xmpp.test",
      identity: { name: "Parley", version: "1.0" },
      clock: this.clock,
      random: { fraction: () => 0, token: () => `token-${Math.random().toString(36).slice(2)}` },
      log: this.#logger(),
      limits: options.limits ?? {},
    });
    this.link.onStanza((stanza) => this.received.push(stanza));
    this.link.onStatus((status) => this.statuses.push(status));
    this.link.start();
  }

  async online(): Promise<FakeConnection> {
    await waitFor("the link to be online", () => this.link.status().state === "online");
    await waitFor("the first barrier to be answered", () => this.server.connection.pings.length === 0);
    return this.server.connection;
  }

  async waiting(): Promise<LinkStatus> {
    await waitFor("the link to wait", () => this.link.status().state === "waiting");
    return this.link.status();
  }

  /** Lets the delay pass and waits until the link is online again. */
  async backOnline(): Promise<FakeConnection> {
    await this.waiting();
    const before = this.server.connections.length;
    this.clock.turn(this.clock.untilNext ?? 0);
    await waitFor("a new connection", () => this.server.connections.length > before);
    return this.online();
  }

  send(...ids: string[]): void {
    for (const id of ids) {
      const message = xml("message", { from: "bob@sip.test", to: "alice@xmpp.test", id }, xml("body", {}, id));
      this.link.send(message, { settled: (handover) => this.outcomes.set(id, handover) });
    }
  }

  async settled(count: number): Promise<void> {
    await waitFor(`${count} stanzas to be settled`, () => this.outcomes.size >= count);
  }

  async stop(): Promise<void> {
    const stopped = this.link.stop(0);
    this.clock.turn(10_000);
    await stopped;
    await this.server.close();
  }

  #logger(): Logger {
    return pino({ level: "debug" }, { write: (line) => this.logged.push(JSON.parse(line) as LogLine) });
  }
}

export function idsOf(stanzas: readonly Element[]): (string | undefined)[] {
  return stanzas.map((stanza) => stanza.attrs["id"]);
}

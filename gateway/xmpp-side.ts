import type { Logger } from "pino";
import type { Store } from "../store/port.ts";
import { createXmppLink } from "../xmpp/link/create.ts";
import type { XmppLink } from "../xmpp/link/link.ts";
import { type ManagedProsody, startManagedProsody } from "../xmpp/managed-server/managed-prosody.ts";
import { systemClock } from "./clock.ts";
import type { ComponentConfig, Config } from "./config.ts";
import { VERSION } from "./control/version.ts";
import { keptSecret } from "./secrets.ts";

const LOOPBACK = "127.0.0.1";

/** The links to the XMPP server, and the server itself where it is a private one. */
export interface XmppSide {
  readonly links: readonly XmppLink[];
  linkOf(domain: string): XmppLink | undefined;
  start(): void;
  /** Resolves when every link is online. */
  readonly online: Promise<void>;
  /** Waits for the last barriers, closes the streams, then ends a private server. */
  stop(graceMs: number): Promise<void>;
}

export interface XmppSideOptions {
  readonly config: Config["xmpp"];
  readonly settings: Store["settings"];
  readonly log: Logger;
}

export async function openXmppSide({ config, settings, log }: XmppSideOptions): Promise<XmppSide> {
  const components = await Promise.all(config.components.map((component) => withSecret(component, settings)));
  const managed = await startManaged(config, components, log);
  const server = config.server === "managed" ? { host: LOOPBACK, port: config.managed.componentPort } : config.server;
  const links = components.map(({ xmppDomain, secret }) =>
    createXmppLink({
      server,
      domain: xmppDomain,
      secret,
      barrierTo: config.domains[0] ?? xmppDomain,
      identity: { name: "Parley", version: VERSION },
      clock: systemClock,
      log: log.child({ component: xmppDomain }),
    }),
  );
  const byDomain = new Map(links.map((link) => [link.domain, link]));
  return {
    links,
    linkOf: (domain) => byDomain.get(domain),
    start: () => {
      for (const link of links) link.start();
    },
    online: Promise.all(links.map(whenOnline)).then(() => undefined),
    stop: async (graceMs) => {
      await Promise.all(links.map((link) => link.stop(graceMs)));
      await managed?.stop();
    },
  };
}

interface Component {
  readonly xmppDomain: string;
  readonly secret: string;
}

/** A private server shares a secret with us that nobody needs to know. */
async function withSecret(component: ComponentConfig, settings: Store["settings"]): Promise<Component> {
  const { xmppDomain } = component;
  return { xmppDomain, secret: component.secret ?? (await keptSecret(settings, `component-secret.${xmppDomain}`)) };
}

async function startManaged(
  config: Config["xmpp"],
  components: readonly Component[],
  log: Logger,
): Promise<ManagedProsody | undefined> {
  if (config.server !== "managed") return undefined;
  return startManagedProsody({
    directory: config.managed.directory,
    domains: config.domains,
    components: components.map(({ xmppDomain, secret }) => ({ domain: xmppDomain, secret })),
    clientPort: config.managed.clientPort,
    componentPort: config.managed.componentPort,
    log: log.child({ server: "prosody" }),
  });
}

function whenOnline(link: XmppLink): Promise<void> {
  return new Promise((resolve) => {
    link.onStatus((status) => {
      if (status.state === "online") resolve();
    });
  });
}

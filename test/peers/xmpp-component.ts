import type { Element } from "@xmpp/xml";
import { pino } from "pino";
import { systemClock } from "../../gateway/clock.ts";
import { createXmppLink } from "../../xmpp/link/create.ts";
import { waitFor } from "./wait-for.ts";
import type { XmppServer } from "./xmpp-server.ts";

export interface XmppComponentOptions {
  readonly server: Pick<XmppServer, "componentPort" | "host">;
  readonly domain: string;
  readonly secret: string;
}

/** Another component of the server, in the place of a domain that lies behind it; keeps the stanzas that it gets. */
export interface XmppComponent {
  readonly stanzas: readonly Element[];
  send(stanza: Element): void;
  stop(): Promise<void>;
}

export async function startXmppComponent({ server, domain, secret }: XmppComponentOptions): Promise<XmppComponent> {
  const stanzas: Element[] = [];
  const link = createXmppLink({
    server: { host: "127.0.0.1", port: server.componentPort },
    domain,
    secret,
    barrierTo: server.host,
    identity: { name: "another component", version: "1" },
    clock: systemClock,
    log: pino({ level: "silent" }),
  });
  link.onStanza((stanza) => stanzas.push(stanza));
  link.start();
  await waitFor(`the component ${domain}`, () => link.status().state === "online");
  return { stanzas, send: (stanza) => void link.send(stanza), stop: () => link.stop(0) };
}

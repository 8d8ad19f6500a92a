import type { Element } from "@xmpp/xml";
import type { Logger } from "pino";
import { errorReply } from "../stanza-error.ts";
import { answerQuery, type GatewayIdentity } from "./server-queries.ts";
import type { UnreadableStanza } from "./stanza-parser.ts";

export interface InboundOptions {
  readonly domain: string;
  readonly identity: GatewayIdentity;
  readonly log: Logger;
  /** Takes the result or error of an IQ; false when nobody waits for it. */
  readonly onAnswer: (stanza: Element) => boolean;
  readonly send: (stanza: Element) => void;
}

/** Where a stanza that came by the link goes: to the listeners, the IQ table, whoever asked, or nowhere with a log line. */
export class Inbound {
  readonly #options: InboundOptions;
  readonly #listeners: ((stanza: Element) => void)[] = [];

  constructor(options: InboundOptions) {
    this.#options = options;
  }

  listen(listener: (stanza: Element) => void): void {
    this.#listeners.push(listener);
  }

  /** RFC 6120 §10.3: what is not addressed from somebody to our domain is not for us to handle. */
  receive(stanza: Element): void {
    const { from, to, type, id } = stanza.attrs;
    const { domain, identity, log } = this.#options;
    if (from === undefined || to === undefined || domainOf(to) !== domain) {
      log.warn(
        { stanza: stanza.name, from, to, id },
        "stanza dropped: it is not addressed from somebody to this domain",
      );
    } else if (stanza.name !== "iq") {
      this.#deliver(stanza);
    } else if (type === "result" || type === "error") {
      if (!this.#options.onAnswer(stanza)) {
        log.debug({ from, id, type }, "IQ answer dropped: nobody asked that address");
      }
    } else {
      const answer = answerQuery(stanza, identity);
      if (answer) {
        this.#options.send(answer);
      }
    }
  }

  /** A stanza that could not be read costs its sender an error and nobody else anything. */
  receiveUnreadable({ why, head }: UnreadableStanza): void {
    const { from, to } = head?.attrs ?? {};
    this.#options.log.warn({ stanza: head?.name, from, to, why }, "stanza dropped: unreadable");
    if (head === undefined || to === undefined || domainOf(to) !== this.#options.domain || head.name === "presence") {
      return;
    }
    const reply = errorReply(head, { condition: "policy-violation", text: `The stanza ${why}.` });
    if (reply) {
      this.#options.send(reply);
    }
  }

  #deliver(stanza: Element): void {
    for (const listener of this.#listeners) {
      try {
        listener(stanza);
      } catch (error) {
        const { from, to, id } = stanza.attrs;
        this.#options.log.error({ err: error, stanza: stanza.name, from, to, id }, "a stanza listener failed");
      }
    }
  }
}

/** The domainpart of an address that the server has prepared. */
function domainOf(address: string): string {
  const slash = address.indexOf("/");
  const bare = slash < 0 ? address : address.slice(0, slash);
  return bare.slice(bare.indexOf("@") + 1);
}

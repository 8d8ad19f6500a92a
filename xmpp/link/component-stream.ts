import { Socket } from "node:net";
import { Component } from "@xmpp/component-core";
import type { Element } from "@xmpp/xml";
import type { RetryClass } from "./backoff.ts";
import type { LinkLimits } from "./limits.ts";
import type { UnreadableStanza } from "./stanza-parser.ts";
import { StanzaParser } from "./stanza-parser.ts";
import type { StreamError } from "./stream-errors.ts";
import { parseStreamError, STREAM_ERRORS } from "./stream-errors.ts";

export interface ComponentStreamOptions {
  readonly server: { readonly host: string; readonly port: number };
  readonly domain: string;
  readonly secret: string;
  readonly limits: LinkLimits;
}

/** Why a stream is over. */
export interface StreamEnd {
  /** In words for an administrator. */
  readonly problem: string;
  readonly retry: RetryClass;
  readonly blamesStanza: boolean;
}

/** Called synchronously and in the order of the stream; `onEnd` once, after everything else. */
export interface ComponentStreamListener {
  onOnline(): void;
  onStanza(stanza: Element): void;
  onUnreadable(unreadable: UnreadableStanza): void;
  onEnd(end: StreamEnd): void;
}

/** Decodes UTF-8 across chunks and does not wait to fill a segment. */
class StreamSocket extends Socket {
  constructor() {
    super();
    this.setEncoding("utf8");
    this.setNoDelay(true);
  }
}

/** The stream of xmpp.js without what it does on its own when something is wrong. */
class Xep0114Stream extends Component {
  readonly #server: { readonly host: string; readonly port: number };

  constructor(server: { readonly host: string; readonly port: number }, domain: string) {
    super({ service: "", domain });
    this.#server = server;
    this.timeout = 0; // the link watches the time
    this.Socket = StreamSocket;
  }

  override socketParameters(): { readonly host: string; readonly port: number } {
    return this.#server;
  }

  /** xmpp.js would throw out of the socket's handler when text follows the end of the stream. */
  override _onData(data: string): void {
    this.parser?.write(data);
  }

  /** xmpp.js would connect to wherever see-other-host points. */
  override _onStreamError(element: Element): void {
    this.emit("stream-error", parseStreamError(element));
  }
}

/** What a socket error means, in words for an administrator. */
const SOCKET_PROBLEMS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by the server",
  EHOSTUNREACH: "no route to the server",
  ENETUNREACH: "no route to the server",
  ENOTFOUND: "the host name cannot be resolved",
  EAI_AGAIN: "the host name cannot be resolved at the moment",
  EPIPE: "connection closed by the server",
  ETIMEDOUT: "connection timed out",
};

/** One XEP-0114 connection from connect to end; it is never reopened. */
export class ComponentStream {
  readonly #options: ComponentStreamOptions;
  readonly #listener: ComponentStreamListener;
  readonly #component: Xep0114Stream;
  readonly #server: string;
  #socket: Socket | undefined;
  #online = false;
  #end: StreamEnd | undefined;

  constructor(options: ComponentStreamOptions, listener: ComponentStreamListener) {
    this.#options = options;
    this.#listener = listener;
    this.#server = `${options.server.host}:${options.server.port}`;
    this.#component = new Xep0114Stream(options.server, options.domain);
    this.#listen();
  }

  /** Connects, opens the stream and shakes hands. XEP-0114 §3. */
  open(): void {
    const { domain, secret } = this.#options;
    const component = this.#component;
    const opened = component
      .connect("")
      .then(() => component.open({ domain }))
      // xmpp.js hashes the low byte of each character; the UTF-8 encoding is what both servers hash.
      .then((header) => component.authenticate(header.attrs["id"] ?? "", Buffer.from(secret).toString("latin1")));
    opened.catch((error: unknown) => this.destroy(this.#problemOf(error)));
    this.#socket = component.socket ?? undefined;
    this.#socket?.once("close", () => this.#onClose());
  }

  /** Writes text that is already XML; nothing is written before the handshake or after the end. */
  write(text: string): void {
    if (this.#online) {
      this.#socket?.write(text);
    }
  }

  /**
   * Closes the stream; the server closes the connection, behind the stanzas that are on their way to us. RFC 6120 §4.4.
   * COMPAT(Prosody 0.12): it drops those when it reads the end of the connection together with the end of the stream;
   * test/scenarios/restart.test.ts.
   */
  close(): void {
    this.#finish({ problem: "stopped", retry: "cut", blamesStanza: false });
    this.#socket?.write("</stream:stream>");
  }

  /** Gives the connection up at once. */
  destroy(problem: string): void {
    this.#finish({ problem, retry: "cut", blamesStanza: false });
    this.#socket?.destroy();
  }

  #listen(): void {
    const component = this.#component;
    const { depth, inboundStanzaLength } = this.#options.limits;
    const onUnreadable = (unreadable: UnreadableStanza): void => this.#listener.onUnreadable(unreadable);
    component.Parser = class extends StanzaParser {
      constructor() {
        super({ depth, length: inboundStanzaLength });
        this.on("unreadable", onUnreadable);
      }
    };
    component.on("error", (error: unknown) => this.destroy(this.#problemOf(error)));
    component.on("close", () => this.destroy(`${this.#server} closed the stream`));
    component.on("stream-error", (error: StreamError) => this.#onStreamError(error));
    component.on("stanza", (stanza: Element) => this.#listener.onStanza(stanza));
    component.on("nonza", (element: Element) => {
      if (element.is("handshake")) {
        this.#online = true;
        this.#listener.onOnline();
      }
    });
  }

  #onStreamError(error: StreamError): void {
    const { domain } = this.#options;
    const { blamesStanza, retry } = STREAM_ERRORS[error.condition];
    const said = error.text === undefined ? error.condition : `${error.condition} (${error.text})`;
    this.#finish({ problem: streamProblem({ error, domain, server: this.#server, said }), retry, blamesStanza });
    this.#socket?.destroy();
  }

  #finish(end: StreamEnd): void {
    this.#end ??= end;
    this.#online = false;
  }

  #onClose(): void {
    this.#finish({ problem: `${this.#server} closed the connection`, retry: "cut", blamesStanza: false });
    if (this.#end) {
      this.#listener.onEnd(this.#end);
    }
  }

  #problemOf(error: unknown): string {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const known = SOCKET_PROBLEMS[code];
    return known === undefined
      ? `the stream to ${this.#server} failed: ${String(error)}`
      : `${known} at ${this.#server}`;
  }
}

interface StreamProblem {
  readonly error: StreamError;
  readonly domain: string;
  readonly server: string;
  readonly said: string;
}

function streamProblem({ error, domain, server, said }: StreamProblem): string {
  switch (error.condition) {
    case "not-authorized":
      return `XMPP server ${server} refused the secret of component ${domain}: not-authorized; check secretFile and component_secret`;
    case "conflict":
      return `another component is connected as ${domain} at ${server}`;
    case "host-unknown":
    case "host-gone":
      return `XMPP server ${server} has no component ${domain}: ${said}`;
    default:
      return `XMPP server ${server} closed the stream: ${said}`;
  }
}

import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { pino } from "pino";
import type { Clock } from "../../../sip/clock.ts";
import type { ListenAddress } from "../../../sip/embedded/endpoint.ts";
import { EmbeddedSipEngine, type EmbeddedSipEngineOptions } from "../../../sip/embedded/engine.ts";
import type { Endpoint, Flow, SipProtocol } from "../../../sip/flow.ts";

export const realClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};

export const silentLog = pino({ level: "silent" });

/** Everything that a test has opened; `closeAll` goes into `afterEach`. */
const opened: (() => unknown)[] = [];

export async function closeAll(): Promise<void> {
  for (const close of opened.splice(0).reverse()) await close();
}

export function loopback(protocol: SipProtocol, address = "127.0.0.1", port = 0): ListenAddress {
  return { protocol, address, port };
}

export interface OpenedEngine {
  readonly engine: EmbeddedSipEngine;
  readonly udp: Endpoint;
  readonly tcp: Endpoint;
}

/** An engine on free ports; UDP and TCP where nothing else is asked for. */
export async function openEngine(options: Partial<EmbeddedSipEngineOptions> = {}): Promise<OpenedEngine> {
  const engine = new EmbeddedSipEngine({
    listen: [loopback("udp"), loopback("tcp")],
    clock: realClock,
    log: silentLog,
    ...options,
  });
  opened.push(() => engine.stop());
  const flows = await engine.start();
  const of = (protocol: SipProtocol) => flows.find((flow) => flow.protocol === protocol)?.local;
  const nowhere = { address: "127.0.0.1", port: 0 };
  return { engine, udp: of("udp") ?? nowhere, tcp: of("tcp") ?? nowhere };
}

/** What has come and was not asked for yet, or who asks for what has not come. */
class Inbox<T> {
  readonly #come: T[] = [];
  readonly #asked: ((value: T) => void)[] = [];

  put(value: T): void {
    const ask = this.#asked.shift();
    if (ask === undefined) this.#come.push(value);
    else ask(value);
  }

  next(): Promise<T> {
    const value = this.#come.shift();
    return value === undefined ? new Promise((resolve) => this.#asked.push(resolve)) : Promise.resolve(value);
  }

  get waiting(): number {
    return this.#come.length;
  }
}

/** A peer that speaks text over UDP. */
export class UdpPeer {
  readonly local: Endpoint;
  readonly #socket: UdpSocket;
  readonly #inbox = new Inbox<{ readonly text: string; readonly from: Endpoint }>();

  static async open(address = "127.0.0.1", port = 0): Promise<UdpPeer> {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.bind(port, address);
    await once(socket, "listening");
    return new UdpPeer(socket);
  }

  private constructor(socket: UdpSocket) {
    this.#socket = socket;
    const { address, port } = socket.address();
    this.local = { address, port };
    socket.on("message", (bytes, { address: host, port: source }) =>
      this.#inbox.put({ text: bytes.toString("latin1"), from: { address: host, port: source } }),
    );
    opened.push(() => {
      socket.close();
    });
  }

  send(text: string | Buffer, to: Endpoint): void {
    this.#socket.send(text, to.port, to.address);
  }

  async receive(): Promise<string> {
    return (await this.#inbox.next()).text;
  }

  receiveFrom(): Promise<{ readonly text: string; readonly from: Endpoint }> {
    return this.#inbox.next();
  }

  /** Datagrams that have come and were not asked for. */
  get waiting(): number {
    return this.#inbox.waiting;
  }
}

/** A Via value of that peer; the branch is given without its cookie. */
export function viaOf(peer: UdpPeer, branch: string, rest = ";rport"): string {
  const { address, port } = peer.local;
  const host = address.includes(":") ? `[${address}]` : address;
  return `SIP/2.0/UDP ${host}:${port};branch=z9hG4bK${branch}${rest}`;
}

/** One end of a TCP connection that speaks text; each `receive` gives a whole message without a body, or a CRLF. */
export class TcpPeer {
  readonly socket: Socket;
  readonly closed: Promise<unknown>;
  readonly #inbox = new Inbox<string>();
  #rest = "";

  static async connect(to: Endpoint): Promise<TcpPeer> {
    const socket = connect({ host: to.address, port: to.port });
    await once(socket, "connect");
    return new TcpPeer(socket);
  }

  constructor(socket: Socket) {
    this.socket = socket;
    this.closed = once(socket, "close");
    socket.on("error", () => {});
    socket.on("data", (chunk) => this.#onData(chunk.toString("latin1")));
    opened.push(() => {
      socket.destroy();
    });
  }

  get local(): Endpoint {
    return { address: this.socket.localAddress ?? "", port: this.socket.localPort ?? 0 };
  }

  send(text: string | Buffer): void {
    this.socket.write(text);
  }

  receive(): Promise<string> {
    return this.#inbox.next();
  }

  #onData(text: string): void {
    this.#rest += text;
    for (let length = nextLength(this.#rest); length > 0; length = nextLength(this.#rest)) {
      this.#inbox.put(this.#rest.slice(0, length));
      this.#rest = this.#rest.slice(length);
    }
  }
}

function nextLength(text: string): number {
  if (text.startsWith("\r\n")) return 2;
  const head = text.indexOf("\r\n\r\n");
  if (head === -1) return 0;
  const length = head + 4 + Number(/\r\nContent-Length: (\d+)/i.exec(text.slice(0, head + 2))?.[1] ?? 0);
  return text.length < length ? 0 : length;
}

/** A TCP listener whose connections are given one by one. */
export class TcpListener {
  readonly local: Endpoint;
  readonly #inbox = new Inbox<TcpPeer>();

  static async open(port = 0, address = "127.0.0.1"): Promise<TcpListener> {
    const server = createServer();
    server.listen(port, address);
    await once(server, "listening");
    return new TcpListener(server);
  }

  private constructor(server: Server) {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the listener has no port");
    this.local = { address: address.address, port: address.port };
    server.on("connection", (socket) => this.#inbox.put(new TcpPeer(socket)));
    opened.push(() => {
      server.close();
    });
  }

  accept(): Promise<TcpPeer> {
    return this.#inbox.next();
  }
}

/** The next flow that the engine says has closed. */
export function nextClosedFlow(engine: EmbeddedSipEngine): Promise<Flow> {
  return new Promise((resolve) => engine.onFlowClosed(resolve));
}

/** What a peer answers to a request text: its Via, From, To, Call-ID and CSeq, and a To tag. */
export function answerText(request: string, status: number, lines: readonly string[] = [], body = ""): string {
  const copied = request.split("\r\n").filter((line) => /^(?:Via|From|To|Call-ID|CSeq):/.test(line));
  const tagged = copied.map((line) => (/^To:(?!.*;tag=)/.test(line) ? `${line};tag=peer` : line));
  return [`SIP/2.0 ${status} Peer`, ...tagged, ...lines, `Content-Length: ${body.length}`, "", body].join("\r\n");
}

/** The value of a header line in a text. */
export function fieldOf(text: string, name: string): string | undefined {
  return text
    .split("\r\n")
    .find((line) => line.startsWith(`${name}:`))
    ?.slice(name.length + 1)
    .trim();
}

/** Looks again each turn of the event loop until the condition holds; the test's own time limit ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

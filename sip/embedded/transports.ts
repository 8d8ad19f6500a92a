import type { Logger } from "pino";
import type { Endpoint, Flow, SipProtocol } from "../flow.ts";
import type { Via } from "../via.ts";
import { DEFAULT_SIP_PORT, familyOf, isWildcard, type ListenAddress, sameEndpoint } from "./endpoint.ts";
import type { EngineLimits } from "./limits.ts";
import { localAddressTowards } from "./local-address.ts";
import type { FramingFault, TcpConnection } from "./tcp-connection.ts";
import { TcpTransport } from "./tcp-transport.ts";
import type { TimerWheel } from "./timer-wheel.ts";
import { UdpTransport } from "./udp-transport.ts";

/** How one request leaves, and what its Via says. */
export interface Way {
  readonly flow: Flow;
  readonly sentBy: Endpoint;
  send(bytes: Buffer, onError: (error: Error) => void): void;
}

export interface TransportsOptions {
  readonly listen: readonly ListenAddress[];
  readonly limits: EngineLimits;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  readonly connectionPrefix: string;
  readonly onMessage: (bytes: Buffer, flow: Flow) => void;
  readonly onFault: (fault: FramingFault, flow: Flow) => Buffer | undefined;
  readonly onFlowClosed: (flow: Flow) => void;
}

/** Remotes whose own view of our address is remembered; past it they are found out anew. Only listeners on every interface need it. */
const REMEMBERED_REMOTES = 1000;

/** Every listener and connection, and the choice among them. RFC 3261 §18. */
export class Transports {
  readonly #udp: readonly UdpTransport[];
  readonly #tcp: TcpTransport;
  readonly #protocols: ReadonlySet<SipProtocol>;
  readonly #localTowards = new Map<string, string>();

  constructor(options: TransportsOptions) {
    const { listen, log } = options;
    const of = (protocol: SipProtocol) => listen.filter((address) => address.protocol === protocol);
    this.#protocols = new Set(listen.map(({ protocol }) => protocol));
    this.#udp = of("udp").map((each) => new UdpTransport({ listen: each, log, onDatagram: options.onMessage }));
    this.#tcp = new TcpTransport({ ...options, listen: of("tcp") });
  }

  /** All or none: when one cannot be opened, the others are closed again. Gives UDP first, each in the order listed. */
  async open(): Promise<readonly Flow[]> {
    const opened = await Promise.allSettled([...this.#udp.map((udp) => udp.open()), this.#tcp.open()]);
    const failed = opened.find((result) => result.status === "rejected");
    if (failed !== undefined) {
      await this.close();
      throw failed.reason;
    }
    return opened.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
  }

  /** New connections are refused from here on, open ones go on. */
  stopListening(): void {
    this.#tcp.stopListening();
  }

  async close(): Promise<void> {
    this.#tcp.close();
    await Promise.all(this.#udp.map((udp) => udp.close()));
  }

  /** A protocol with no listener is none that a request of ours may use: an answer might need a new connection to us. */
  supports(protocol: SipProtocol): boolean {
    return this.#protocols.has(protocol);
  }

  /** The way over a stored flow: always for UDP, for a stream only while its connection is open. RFC 5626 §5.3. */
  wayOver(flow: Flow): Way | undefined {
    if (flow.protocol === "udp") return this.#udpWay(flow.remote, flow.local);
    const connection = this.#tcp.connectionOf(flow);
    return connection === undefined ? undefined : this.#tcpWay(connection);
  }

  /** The way to an address; a stream connection is reused or opened. Undefined when there is none. */
  async wayTo(protocol: SipProtocol, remote: Endpoint): Promise<Way | undefined> {
    if (!this.supports(protocol)) return undefined;
    if (protocol === "udp") return this.#udpWay(remote);
    const connection = await this.#tcp.connectionTo(remote);
    return connection === undefined ? undefined : this.#tcpWay(connection);
  }

  /**
   * Sends a response where its request came from: over the same connection, or to the source port where `rport` asked
   * for it, else to the port of sent-by. RFC 3261 §18.2.2, RFC 3581 §4. A `maddr` in the Via is not followed: it would
   * let a stranger aim our answers at anybody.
   */
  sendResponse(bytes: Buffer, to: { readonly flow: Flow; readonly via: Via }, onError: (error: Error) => void): void {
    const { flow, via } = to;
    const sentByPort = via.port ?? DEFAULT_SIP_PORT;
    if (flow.protocol === "udp") {
      const port = via.parameters.has("rport") ? flow.remote.port : sentByPort;
      this.#udpSocket(flow.remote.address, flow.local)?.send(bytes, { address: flow.remote.address, port });
      return;
    }
    const connection = this.#tcp.connectionOf(flow);
    if (connection !== undefined) connection.send(bytes, onError);
    else void this.#sendAnew(bytes, { address: flow.remote.address, port: sentByPort }, onError);
  }

  /** The connection that the request came over is gone. RFC 3261 §18.2.2. */
  async #sendAnew(bytes: Buffer, remote: Endpoint, onError: (error: Error) => void): Promise<void> {
    const connection = await this.#tcp.connectionTo(remote);
    if (connection === undefined) onError(new Error("the connection is closed and no other could be opened"));
    else connection.send(bytes, onError);
  }

  #udpWay(remote: Endpoint, local?: Endpoint): Way | undefined {
    const socket = this.#udpSocket(remote.address, local);
    if (socket === undefined) return undefined;
    const address = this.#addressTowards(socket.local.address, remote.address);
    return {
      flow: { protocol: "udp", local: socket.local, remote },
      sentBy: { address, port: socket.local.port },
      send: (bytes, onError) => socket.send(bytes, remote, onError),
    };
  }

  /** The socket bound to `local` (a phone behind a NAT is reached from there alone), else the first of the family. */
  #udpSocket(remoteAddress: string, local?: Endpoint): UdpTransport | undefined {
    if (local !== undefined) {
      for (const udp of this.#udp) if (sameEndpoint(udp.local, local)) return udp;
    }
    const family = familyOf(remoteAddress);
    return this.#udp.find((udp) => familyOf(udp.local.address) === family);
  }

  #tcpWay(connection: TcpConnection): Way {
    const { flow } = connection;
    return {
      flow,
      sentBy: this.#tcpSentBy(flow),
      send: (bytes, onError) => connection.send(bytes, onError),
    };
  }

  /** Our listener, where an answer can come when this connection has gone. RFC 3261 §18.1.1. */
  #tcpSentBy({ local }: Flow): Endpoint {
    const family = familyOf(local.address);
    const listeners = this.#tcp.locals.filter(({ address }) => familyOf(address) === family);
    const listener = listeners.find(({ address }) => address === local.address || isWildcard(address)) ?? listeners[0];
    if (listener === undefined) return local;
    return { address: isWildcard(listener.address) ? local.address : listener.address, port: listener.port };
  }

  #addressTowards(local: string, remote: string): string {
    if (!isWildcard(local)) return local;
    const known = this.#localTowards.get(remote);
    if (known !== undefined) return known;
    if (this.#localTowards.size >= REMEMBERED_REMOTES) this.#localTowards.clear();
    const address = localAddressTowards(remote);
    this.#localTowards.set(remote, address);
    return address;
  }
}

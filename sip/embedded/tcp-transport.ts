import { connect, createServer, type Server, type Socket } from "node:net";
import type { Logger } from "pino";
import type { Endpoint, Flow } from "../flow.ts";
import { familyOf, formatEndpoint, type ListenAddress, listenError } from "./endpoint.ts";
import type { EngineLimits } from "./limits.ts";
import { type FramingFault, TcpConnection } from "./tcp-connection.ts";
import type { TimerWheel } from "./timer-wheel.ts";

export interface TcpTransportOptions {
  readonly listen: readonly ListenAddress[];
  readonly limits: EngineLimits;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  /** Sets the connections of this process apart from those of an earlier one, whose flows may be stored somewhere. */
  readonly connectionPrefix: string;
  readonly onMessage: (bytes: Buffer, flow: Flow) => void;
  readonly onFault: (fault: FramingFault, flow: Flow) => Buffer | undefined;
  readonly onFlowClosed: (flow: Flow) => void;
}

/** RFC 3261 §18.1.1 gives no limit; a host that does not answer a SYN within this has no TCP for us. */
const CONNECT_WITHIN_MS = 1000;

/** Every TCP listener and connection. RFC 3261 §18; connections are reused while they are open (§18.1.1, §18.2.2). */
export class TcpTransport {
  readonly #options: TcpTransportOptions;
  readonly #servers: { readonly server: Server; readonly listen: ListenAddress }[] = [];
  readonly #byId = new Map<string, TcpConnection>();
  readonly #byRemote = new Map<string, TcpConnection>();
  readonly #connecting = new Map<string, Promise<TcpConnection | undefined>>();
  #locals: readonly Endpoint[] = [];
  #connections = 0;
  #stopping = false;

  constructor(options: TcpTransportOptions) {
    this.#options = options;
  }

  /** Where it listens; after `open` with the ports that port 0 became. */
  get locals(): readonly Endpoint[] {
    return this.#locals;
  }

  /** Opens every listener; those already open are closed again by `close`. */
  async open(): Promise<readonly Flow[]> {
    const flows: Flow[] = [];
    for (const listen of this.#options.listen) {
      const local = await this.#listenOn(listen);
      this.#locals = [...this.#locals, local];
      flows.push({ protocol: "tcp", local, remote: local });
    }
    return flows;
  }

  /** The open connection of a flow. */
  connectionOf(flow: Flow): TcpConnection | undefined {
    const connection = flow.connection === undefined ? undefined : this.#byId.get(flow.connection);
    return connection?.open === true ? connection : undefined;
  }

  /** An open connection to that very remote, else a new one; undefined when there is none within a second. */
  connectionTo(remote: Endpoint): Promise<TcpConnection | undefined> {
    const key = formatEndpoint(remote);
    const existing = this.#byRemote.get(key);
    if (existing?.open === true) return Promise.resolve(existing);
    const connecting = this.#connecting.get(key) ?? this.#connect(remote);
    this.#connecting.set(key, connecting);
    return connecting.finally(() => this.#connecting.delete(key));
  }

  /** Takes no new connections from here on, and reports none as closed. */
  stopListening(): void {
    this.#stopping = true;
    for (const { server } of this.#servers) server.close();
  }

  close(): void {
    this.stopListening();
    for (const connection of this.#byId.values()) connection.end();
    for (const connection of this.#byId.values()) connection.destroy();
  }

  async #listenOn(listen: ListenAddress): Promise<Endpoint> {
    const server = createServer((socket) => this.#accept(socket, listen));
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(listenError(listen, error)));
      // An IPv6 listener takes IPv6 alone, so that both families can be listed.
      server.listen({ host: listen.address, port: listen.port, ipv6Only: true }, resolve);
    });
    server.removeAllListeners("error");
    server.on("error", (error) => this.#options.log.warn({ err: error }, "connection not accepted"));
    this.#servers.push({ server, listen });
    const bound = server.address();
    return { address: listen.address, port: typeof bound === "object" && bound !== null ? bound.port : listen.port };
  }

  #accept(socket: Socket, listen: ListenAddress): void {
    const full = this.#byId.size >= this.#options.limits.maxConnections;
    if (full) this.#options.log.debug({ listen }, "connection refused: too many are open");
    if (full || this.#add(socket) === undefined) socket.destroy();
  }

  #connect(remote: Endpoint): Promise<TcpConnection | undefined> {
    if (this.#stopping || this.#byId.size >= this.#options.limits.maxConnections) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const socket = connect({ host: remote.address, port: remote.port, family: familyOf(remote.address) });
      const giveUp = () => {
        socket.destroy();
        resolve(undefined);
      };
      socket.setTimeout(CONNECT_WITHIN_MS, giveUp);
      socket.once("error", giveUp);
      socket.once("connect", () => {
        socket.setTimeout(0);
        socket.off("timeout", giveUp);
        resolve(this.#add(socket));
      });
    });
  }

  /** Undefined for a socket that was closed before it could be looked at. */
  #add(socket: Socket): TcpConnection | undefined {
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    if (localAddress === undefined || localPort === undefined) return undefined;
    if (remoteAddress === undefined || remotePort === undefined) return undefined;
    this.#connections += 1;
    const id = `${this.#options.connectionPrefix}.${this.#connections}`;
    const connection = new TcpConnection({
      ...this.#options,
      socket,
      flow: {
        protocol: "tcp",
        local: { address: localAddress, port: localPort },
        remote: { address: remoteAddress, port: remotePort },
        connection: id,
      },
      onClosed: (closed) => this.#forget(closed),
    });
    this.#byId.set(id, connection);
    this.#byRemote.set(formatEndpoint(connection.flow.remote), connection);
    return connection;
  }

  #forget(connection: TcpConnection): void {
    const { flow } = connection;
    if (flow.connection !== undefined) this.#byId.delete(flow.connection);
    const remote = formatEndpoint(flow.remote);
    if (this.#byRemote.get(remote) === connection) this.#byRemote.delete(remote);
    if (!this.#stopping) this.#options.onFlowClosed(flow);
  }
}

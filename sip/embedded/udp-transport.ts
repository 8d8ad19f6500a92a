import { createSocket, type Socket } from "node:dgram";
import type { Logger } from "pino";
import type { Endpoint, Flow } from "../flow.ts";
import { familyOf, type ListenAddress, listenError } from "./endpoint.ts";

/** Room for some 3,000 requests that arrive while the process is busy; the kernel may give less (net.core.rmem_max). */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** Shorter datagrams are NAT keep-alives (CRLF, zero bytes, STUN-less pings), longer ones may be a request line. */
const SHORTEST_MESSAGE_BYTES = 12;

export interface UdpTransportOptions {
  readonly listen: ListenAddress;
  readonly log: Logger;
  readonly onDatagram: (bytes: Buffer, flow: Flow) => void;
}

/** One UDP socket. RFC 3261 §18; an IPv6 socket takes IPv6 alone, so that both families can be listed. */
export class UdpTransport {
  readonly #listen: ListenAddress;
  readonly #log: Logger;
  readonly #onDatagram: (bytes: Buffer, flow: Flow) => void;
  readonly #socket: Socket;
  #local: Endpoint;
  #closed = false;

  constructor({ listen, log, onDatagram }: UdpTransportOptions) {
    this.#listen = listen;
    this.#local = { address: listen.address, port: listen.port };
    this.#log = log;
    this.#onDatagram = onDatagram;
    const family = familyOf(listen.address) === 6 ? 6 : 4;
    this.#socket = createSocket({
      type: family === 6 ? "udp6" : "udp4",
      ipv6Only: family === 6,
      // Addresses are numeric here: the default would put off every datagram to a later tick.
      lookup: (address, _options, callback) => callback(null, address, family),
    });
  }

  /** Where it is bound; after `open` with the port that port 0 became. */
  get local(): Endpoint {
    return this.#local;
  }

  async open(): Promise<Flow> {
    const socket = this.#socket;
    await new Promise<void>((resolve, reject) => {
      socket.once("error", (error) => reject(listenError(this.#listen, error)));
      socket.bind(this.#listen.port, this.#listen.address, resolve);
    });
    socket.removeAllListeners("error");
    // What the network says of earlier datagrams (ICMP) concerns no transaction: timer F ends that one.
    socket.on("error", (error) => this.#log.debug({ err: error }, "udp socket error absorbed"));
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    this.#local = { address: this.#listen.address, port: socket.address().port };
    socket.on("message", (bytes, { address, port }) => {
      if (bytes.length < SHORTEST_MESSAGE_BYTES) return;
      this.#onDatagram(bytes, { protocol: "udp", local: this.#local, remote: { address, port } });
    });
    return { protocol: "udp", local: this.#local, remote: this.#local };
  }

  send(bytes: Buffer, remote: Endpoint, onError?: (error: Error) => void): void {
    if (this.#closed) {
      onError?.(new Error("the socket is closed"));
      return;
    }
    if (onError === undefined) this.#socket.send(bytes, remote.port, remote.address);
    else {
      this.#socket.send(bytes, remote.port, remote.address, (error) => {
        if (error !== null) onError(error);
      });
    }
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    return new Promise((resolve) => {
      this.#socket.close(() => resolve());
    });
  }
}

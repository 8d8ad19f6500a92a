import type { Socket } from "node:net";
import type { Logger } from "pino";
import type { Flow } from "../flow.ts";
import type { EngineLimits } from "./limits.ts";
import { type StreamEvent, StreamFramer } from "./stream-framer.ts";
import { NamedAlarm, type TimerWheel } from "./timer-wheel.ts";

export type FramingFault = Extract<StreamEvent, { kind: "fault" }>;

export interface TcpConnectionOptions {
  readonly socket: Socket;
  readonly flow: Flow;
  readonly limits: EngineLimits;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  readonly onMessage: (bytes: Buffer, flow: Flow) => void;
  /** The answer that leaves before the connection is closed, if there is one. */
  readonly onFault: (fault: FramingFault, flow: Flow) => Buffer | undefined;
  readonly onClosed: (connection: TcpConnection) => void;
}

const PONG = Buffer.from("\r\n"); // RFC 5626 §4.4.1

/** One stream connection, taken or made: frames what comes, bounds what waits, closes what is silent. RFC 3261 §18.3. */
export class TcpConnection {
  readonly flow: Flow;
  readonly #options: TcpConnectionOptions;
  readonly #socket: Socket;
  readonly #framer: StreamFramer;
  readonly #idle = new NamedAlarm("idle", () => this.#cutOff("silent for too long"));
  readonly #arrival = new NamedAlarm("arrival", () => this.#cutOff("a message took too long to arrive"));

  constructor(options: TcpConnectionOptions) {
    const { socket, limits, wheel } = options;
    this.#options = options;
    this.flow = options.flow;
    this.#socket = socket;
    this.#framer = new StreamFramer(limits);
    socket.setNoDelay(true); // a delayed acknowledgement would cost the peer 40 ms
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("error", (error) => options.log.debug({ err: error, flow: this.flow }, "connection failed"));
    socket.once("close", () => {
      wheel.clear(this.#idle);
      wheel.clear(this.#arrival);
      options.onClosed(this);
    });
    wheel.set(this.#idle, limits.connectionIdleMs);
    wheel.set(this.#arrival, limits.messageArrivalMs);
  }

  /** False once the peer or we have ended it: nothing sent would arrive. */
  get open(): boolean {
    return this.#socket.writable;
  }

  /** Sends or drops: a peer that does not read is cut off, and its flow is reported closed. */
  send(bytes: Buffer, onError?: (error: Error) => void): void {
    if (this.#socket.writableLength + bytes.length > this.#options.limits.maxWriteBufferBytes) {
      this.#cutOff("the peer does not read");
      onError?.(new Error("the peer does not read"));
      return;
    }
    if (onError === undefined) this.#socket.write(bytes);
    else {
      this.#socket.write(bytes, (error) => {
        if (error) onError(error);
      });
    }
  }

  /** Ends the connection after what is already written. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    const { wheel, limits } = this.#options;
    wheel.set(this.#idle, limits.connectionIdleMs);
    for (const event of this.#framer.push(chunk)) {
      wheel.clear(this.#arrival);
      if (!this.#take(event)) return;
    }
    if (!this.#framer.midMessage) return;
    if (this.#arrival.dueTick === 0) wheel.set(this.#arrival, limits.messageArrivalMs);
  }

  /** False: nothing more is read from this connection. */
  #take(event: StreamEvent): boolean {
    if (event.kind === "message") this.#options.onMessage(event.bytes, this.flow);
    else if (event.kind === "ping") this.send(PONG);
    else {
      const answer = this.#options.onFault(event, this.flow);
      if (answer !== undefined) this.#socket.write(answer);
      this.#socket.end(); // what still comes is read and thrown away, so that the close is not a reset
      this.#options.wheel.set(this.#arrival, this.#options.limits.messageArrivalMs);
      return false;
    }
    return !this.#socket.destroyed;
  }

  #cutOff(why: string): void {
    this.#options.log.debug({ flow: this.flow, why }, "connection cut off");
    this.#socket.destroy();
  }
}

import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { LinkEvidence } from "./ledger.ts";
import { OrderWatch } from "./order-watch.ts";
import { type Passed, StreamReader } from "./stream-reader.ts";
import { parseKey } from "./text.ts";

/** The way between the gateway and the XMPP server: it carries, remembers what it carried, and can fail. */
export interface LinkTap {
  readonly port: number;
  readonly evidence: LinkEvidence;
  /** RST to both ends of each connection. */
  cut(): void;
  /** From now on the connections that there are carry nothing, in silence; new ones work. */
  swallow(): void;
  /** The server's end of a swallowed connection gives up, as TCP does after its last retransmission. */
  expire(): void;
  stop(): Promise<void>;
}

/** Starts it on a free port of 127.0.0.1. */
export async function startLinkTap(targetPort: number): Promise<LinkTap> {
  const connections = new Set<TappedConnection>();
  const evidence = new Evidence();
  const server = createServer({ noDelay: true }, (fromGateway) => {
    const connection = new TappedConnection(fromGateway, { targetPort, evidence });
    connections.add(connection);
    connection.onGone = () => connections.delete(connection);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const each = (what: (connection: TappedConnection) => void): void => {
    for (const connection of connections) what(connection);
  };
  return {
    port: (server.address() as AddressInfo).port,
    evidence,
    cut: () => each((connection) => connection.cut()),
    swallow: () => each((connection) => connection.swallow()),
    expire: () => each((connection) => connection.expire()),
    stop: () => {
      each((connection) => connection.cut());
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

class Evidence implements LinkEvidence {
  readonly reachedGateway = new Set<string>();
  readonly processedByServer = new Set<string>();
  readonly errorsProcessedByServer = new Set<string>();
  readonly endedConnections: (readonly string[])[] = [];
  readonly #orderToServer = new OrderWatch();

  get outOfOrderToServer(): number {
    return this.#orderToServer.outOfOrder;
  }

  onToServer(key: string): void {
    this.#orderToServer.onSeen(key);
  }
}

/** One connection of the gateway, and the one to the server that belongs to it. */
class TappedConnection {
  readonly #gateway: Socket;
  readonly #server: Socket;
  readonly #evidence: Evidence;
  readonly #toGateway: string[] = [];
  #unprocessed: Passed[] = []; // what the server has been given and not answered an IQ behind
  #swallows = false;
  onGone: () => void = () => {};

  constructor(gateway: Socket, { targetPort, evidence }: { targetPort: number; evidence: Evidence }) {
    this.#gateway = gateway;
    this.#server = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
    this.#evidence = evidence;
    this.#carry({ from: this.#gateway, to: this.#server, onPassed: (passed) => this.#onFromGateway(passed) });
    this.#carry({ from: this.#server, to: this.#gateway, onPassed: (passed) => this.#onFromServer(passed) });
  }

  cut(): void {
    this.#gateway.resetAndDestroy();
    this.#server.resetAndDestroy();
  }

  swallow(): void {
    this.#swallows = true;
    this.#onEnded();
  }

  expire(): void {
    if (this.#swallows) this.#server.resetAndDestroy();
  }

  #carry({ from, to, onPassed }: { from: Socket; to: Socket; onPassed: (passed: Passed) => void }): void {
    const reader = new StreamReader();
    from.on("error", () => undefined); // seen as the end
    from.on("data", (bytes: Buffer) => {
      if (this.#swallows) return;
      for (const passed of reader.read(bytes)) onPassed(passed);
      if (!to.write(bytes)) {
        from.pause();
        to.once("drain", () => from.resume());
      }
    });
    from.on("close", () => {
      if (this.#gateway.destroyed && this.#server.destroyed) this.onGone();
      if (this.#swallows) return; // not even the end passes
      this.#onEnded();
      to.end();
      to.destroySoon();
    });
  }

  #onFromGateway(passed: Passed): void {
    this.#unprocessed.push(passed);
    if (passed.kind === "message") this.#evidence.onToServer(passed.key);
  }

  #onFromServer(passed: Passed): void {
    if (passed.kind === "message" && parseKey(passed.key)?.side === "xmpp") {
      this.#toGateway.push(passed.key);
      this.#evidence.reachedGateway.add(passed.key);
    }
    if (passed.kind === "answer") this.#onAnswer(passed.id);
  }

  /** The server has processed all that stands before the request that it answers. RFC 6120 §10.1. */
  #onAnswer(id: string): void {
    const at = this.#unprocessed.findIndex((each) => each.kind === "request" && each.id === id);
    for (const each of this.#unprocessed.splice(0, at + 1)) {
      if (each.kind === "message") this.#evidence.processedByServer.add(each.key);
      if (each.kind === "error") this.#evidence.errorsProcessedByServer.add(each.key);
    }
  }

  #onEnded(): void {
    if (!this.#evidence.endedConnections.includes(this.#toGateway))
      this.#evidence.endedConnections.push(this.#toGateway);
  }
}

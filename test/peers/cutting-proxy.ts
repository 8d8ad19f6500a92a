import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** RFC 6120 §4.9.3.14. */
const POLICY_VIOLATION =
  "<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>";

/** A TCP relay on 127.0.0.1 whose connections can be cut with a RST to both sides. */
export interface CuttingProxy {
  readonly port: number;
  cut(): void;
  /** Until `release`, new connections are closed at once. */
  hold(): void;
  release(): void;
  /** A connection that brings this text is ended with a stream error, and what was read with it goes no further. */
  refuse(text: string): void;
  /** How many connections were ended so. */
  readonly refusals: number;
  stop(): Promise<void>;
}

export async function startCuttingProxy(targetPort: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let held = false;
  let refused: string | undefined;
  let refusals = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    if (held) {
      socket.destroy();
      return;
    }
    const target = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
    const pair: readonly [Socket, Socket][] = [
      [socket, target],
      [target, socket],
    ];
    for (const [one, other] of pair) {
      sockets.add(one);
      one.on("error", () => undefined);
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    target.pipe(socket);
    socket.on("data", (chunk: Buffer) => {
      if (socket.writableEnded) return;
      if (refused === undefined || !chunk.includes(refused)) {
        target.write(chunk);
        return;
      }
      refusals += 1;
      target.unpipe(socket);
      socket.end(POLICY_VIOLATION);
    });
  });
  const cut = (): void => {
    for (const socket of sockets) {
      socket.resetAndDestroy();
    }
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    hold: () => {
      held = true;
    },
    release: () => {
      held = false;
    },
    refuse: (text) => {
      refused = text;
    },
    get refusals() {
      return refusals;
    },
    stop: () => {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

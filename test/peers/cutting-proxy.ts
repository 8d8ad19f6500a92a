import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP relay on 127.0.0.1 whose connections can be cut with a RST to both sides. */
export interface CuttingProxy {
  readonly port: number;
  cut(): void;
  /** Until `release`, new connections are closed at once. */
  hold(): void;
  release(): void;
  stop(): Promise<void>;
}

export async function startCuttingProxy(targetPort: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let held = false;
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
      one.pipe(other);
    }
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
    stop: () => {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

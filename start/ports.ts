import { createSocket } from "node:dgram";
import { createServer } from "node:net";

export interface Address {
  readonly protocol: "udp" | "tcp";
  readonly address: string;
  readonly port: number;
}

/** Whether this process could listen there now. */
export function isFree({ protocol, address, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    if (protocol === "udp") {
      const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
      socket.once("error", () => socket.close(() => resolve(false)));
      socket.bind({ port, address, exclusive: true }, () => socket.close(() => resolve(true)));
    } else {
      const server = createServer();
      server.once("error", () => resolve(false));
      server.listen({ port, host: address, exclusive: true }, () => server.close(() => resolve(true)));
    }
  });
}

/** The first of these loopback ports that is free for every protocol, else one that the system picks. */
export async function firstFreePort(
  protocols: readonly Address["protocol"][],
  candidates: readonly number[],
): Promise<number> {
  for (const port of candidates) {
    if (await isFreeFor(protocols, port)) return port;
  }
  const attempts = 20; // a port that is free for TCP is hardly ever taken for UDP
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const port = await systemPort();
    if (await isFreeFor(protocols, port)) return port;
  }
  throw new Error("no free port was found on 127.0.0.1");
}

async function isFreeFor(protocols: readonly Address["protocol"][], port: number): Promise<boolean> {
  const free = await Promise.all(protocols.map((protocol) => isFree({ protocol, address: "127.0.0.1", port })));
  return free.every((each) => each);
}

function systemPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port: 0, host: "127.0.0.1" }, () => {
      const address = server.address();
      const port = address !== null && typeof address === "object" ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

import type { AddressInfo } from "node:net";
import { createServer } from "node:net";

/** The kernel may give the same port again as soon as it is closed, so two asked for in a row could be one. */
const given = new Set<number>();

/** A TCP port of 127.0.0.1 that nobody listens on at the moment, and that this process was not given before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await openedAndClosed();
    if (!given.has(port)) {
      given.add(port);
      return port;
    }
  }
}

async function openedAndClosed(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

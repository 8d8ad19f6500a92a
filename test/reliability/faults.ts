import type { Load } from "./load.ts";
import type { World } from "./world.ts";

export interface Fault {
  readonly title: string;
  readonly smallDisk?: true; // it needs one that can be filled
  run(world: World, load: Load): Promise<void>;
}

const FROZEN_MS = 15_000; // longer than the link waits for an answer, and than an operator's patience
const SWALLOWED_MS = 45_000; // until the server's TCP gives up; in life a quarter of an hour
const LOSS = 0.2;
const DISK_FROZEN_MS = 4_000;

/** What happens while people write to each other. */
export const FAULTS = {
  none: {
    title: "nothing fails",
    run: () => Promise.resolve(),
  },
  "gateway-kill": {
    title: "the gateway is killed three times",
    run: async ({ gateway }, load) => {
      for (const share of [0.2, 0.45, 0.7]) {
        await load.until(share);
        await gateway.end("SIGKILL");
        await gateway.start();
      }
    },
  },
  "gateway-term": {
    title: "the gateway is restarted in order",
    run: async ({ gateway }, load) => {
      await load.until(0.4);
      await gateway.end("SIGTERM");
      await gateway.start();
    },
  },
  "server-kill": {
    title: "the XMPP server is killed",
    run: async ({ server }, load) => {
      await load.until(0.4);
      await server.restart("kill");
    },
  },
  "server-term": {
    title: "the XMPP server is restarted in order",
    run: async ({ server }, load) => {
      await load.until(0.4);
      await server.restart();
    },
  },
  freeze: {
    title: "the XMPP server is frozen for 15 s",
    run: async ({ server }, load) => {
      await load.until(0.3);
      server.pause();
      await after(FROZEN_MS);
      server.resume();
    },
  },
  cut: {
    title: "the link is cut three times",
    run: async ({ tap }, load) => {
      for (const share of [0.2, 0.45, 0.7]) {
        await load.until(share);
        tap.cut();
      }
    },
  },
  swallow: {
    title: "the link carries nothing, in silence",
    run: async ({ tap }, load) => {
      await load.until(0.4);
      tap.swallow();
      await after(SWALLOWED_MS);
      tap.expire();
    },
  },
  loss: {
    title: "a fifth of the phones' packets is lost, each way",
    run: (world) => {
      world.lossShare = LOSS;
      return Promise.resolve();
    },
  },
  "disk-full": {
    title: "the gateway's disk is full, and the XMPP server frozen for 4 s meanwhile",
    smallDisk: true,
    run: async ({ disk, server }, load) => {
      await load.until(0.25);
      disk?.fill();
      await load.until(0.4);
      server.pause();
      await after(DISK_FROZEN_MS);
      server.resume();
      await load.until(0.9);
      disk?.free();
    },
  },
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof FAULTS;

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

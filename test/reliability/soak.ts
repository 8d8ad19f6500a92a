import type { Account } from "./ledger.ts";
import { Load } from "./load.ts";
import { isFlat, type MemoryWindow, memoryOf, type Sample, windowsOf } from "./memory.ts";
import { untilQuiet } from "./run.ts";
import { type ServerName, World } from "./world.ts";

export interface SoakOptions {
  readonly minutes: number;
  readonly perSecond: number; // of each side
  readonly users: number; // of each side
  readonly server: ServerName;
  readonly authentication: "digest" | "none";
  readonly keep: boolean;
}

export interface SoakResult {
  readonly windows: readonly MemoryWindow[];
  readonly flat: boolean;
  readonly quiet: boolean;
  readonly journalRows: number; // left at the end
  readonly sip: Account;
  readonly xmpp: Account;
}

const SAMPLE_EVERY_MS = 10_000;
const WINDOW_SECONDS = 300;
const MIN_WINDOWS = 3; // a shorter run has shorter windows, or there would be nothing to compare

/** People write to each other for a long time while the gateway's memory is watched. */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const world = await World.start({ ...options, smallDisk: false, watchHeap: true });
  try {
    const { minutes, perSecond } = options;
    const load = new Load({ phones: world.phones, people: world.people, perSecond, count: minutes * 60 * perSecond });
    const samples = await whileSampling(world, () => load.run());
    const { quiet, journalRows } = await untilQuiet(world, load);
    const { evidence } = world.tap;
    const [sip, xmpp] = [load.ledger.account("sip", evidence), load.ledger.account("xmpp", evidence)];
    const windows = windowsOf(samples, Math.min(WINDOW_SECONDS, (minutes * 60) / MIN_WINDOWS));
    return { windows, flat: isFlat(windows), quiet, journalRows, sip, xmpp };
  } finally {
    await world.stop();
  }
}

async function whileSampling(world: World, run: () => Promise<void>): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const startedAt = performance.now();
  const sampler = setInterval(() => {
    const atSeconds = (performance.now() - startedAt) / 1000;
    samples.push({ atSeconds, ...memoryOf(world.gateway.pid, world.heapFile) });
  }, SAMPLE_EVERY_MS);
  await run();
  clearInterval(sampler);
  return samples;
}

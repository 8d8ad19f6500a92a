import { FAULTS, type Fault, type FaultName } from "./faults.ts";
import type { Account } from "./ledger.ts";
import { Load } from "./load.ts";
import { type ServerName, World } from "./world.ts";

export interface RunOptions {
  readonly fault: FaultName;
  readonly server: ServerName;
  readonly authentication: "digest" | "none";
  readonly count: number;
  readonly perSecond: number;
  readonly users: number;
  readonly keep: boolean;
}

/** One run: what happened, and the books of both sides. */
export interface RunResult {
  readonly fault: FaultName;
  readonly title: string;
  readonly server: ServerName;
  readonly seconds: number; // of writing and settling
  readonly quiet: boolean; // false: something was still going on when the patience ended
  readonly journalRows: number; // left at the end
  readonly sip: Account;
  readonly xmpp: Account;
}

/** Nothing arrives for so long: longer than the gap between two retransmissions (T2, 4 s). */
const QUIET_MS = 6_000;
const LOOK_EVERY_MS = 1_000;

/** A phone may try for twice timer F, and what waits behind it as well. */
const PATIENCE_MS = 180_000;

/** Everything accepted has become known, and the run came to rest. */
export function isSound({ sip, xmpp, quiet }: Pick<RunResult, "sip" | "xmpp" | "quiet">): boolean {
  return quiet && sip.lost === 0 && xmpp.lost === 0;
}

export async function runFault(options: RunOptions): Promise<RunResult> {
  const fault: Fault = FAULTS[options.fault];
  const world = await World.start({ ...options, smallDisk: fault.smallDisk === true });
  try {
    const load = new Load({ phones: world.phones, people: world.people, ...options });
    const startedAt = performance.now();
    await Promise.all([load.run(), fault.run(world, load)]);
    world.lossShare = 0; // the end of it can be waited for
    const { quiet, journalRows } = await untilQuiet(world, load);
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const { evidence } = world.tap;
    const [sip, xmpp] = [load.ledger.account("sip", evidence), load.ledger.account("xmpp", evidence)];
    return { fault: options.fault, title: fault.title, server: options.server, seconds, quiet, journalRows, sip, xmpp };
  } finally {
    await world.stop();
  }
}

/** Resolves when nothing arrives any more and the journal is empty, or when the patience is over. */
export async function untilQuiet(world: World, load: Load): Promise<{ quiet: boolean; journalRows: number }> {
  const deadline = performance.now() + PATIENCE_MS;
  let [changes, since, journalRows] = [-1, performance.now(), Number.NaN];
  while (performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    if (load.ledger.changes !== changes || !load.settled) [changes, since] = [load.ledger.changes, performance.now()];
    if (performance.now() - since < QUIET_MS) continue;
    journalRows = await world.gateway.unsettled();
    if (journalRows === 0) return { quiet: true, journalRows };
  }
  return { quiet: false, journalRows };
}

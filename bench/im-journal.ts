import { bringPeople, type LoadOrder, type LoadReport, type People, runLoad } from "./im-load.ts";
import { withGateway } from "./private-gateway.ts";
import type { Row } from "./row.ts";

const ROUNDS = 5; // an odd number has a median
const DIRECTIONS = ["sip-to-xmpp", "xmpp-to-sip"] as const;
const CLOSED_LOOP = { count: 10_000, pace: { outstanding: 64 } };
const AT_RATE = { count: 2_000, pace: { perSecond: 1_000 } };

interface Contender {
  readonly name: string;
  readonly people: People;
}

/** What the journal costs: a gateway with it and one without, in turns, so that what else the machine does hits both. */
export function benchImJournal(): Promise<readonly Row[]> {
  return withGateway(
    async (on) =>
      withGateway(
        async (off) =>
          measure([
            { name: "journal on", people: await bringPeople(on) },
            { name: "journal off", people: await bringPeople(off) },
          ]),
        { journal: false },
      ),
    { journal: true },
  );
}

async function measure(contenders: readonly Contender[]): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const direction of DIRECTIONS) {
    const fast = await takeTurns(contenders, { direction, ...CLOSED_LOOP });
    const steady = await takeTurns(contenders, { direction, ...AT_RATE });
    for (const { name } of contenders) {
      const rates = (fast.get(name) ?? []).map(({ delivered, seconds }) => delivered / seconds);
      const latencies = (steady.get(name) ?? []).map(({ p50Ms }) => p50Ms);
      rows.push({ name: `${direction}, 64 outstanding, ${name}`, value: Math.round(medianOf(rates)), unit: "IM/s" });
      const p50 = Number(medianOf(latencies).toPrecision(3));
      rows.push({ name: `${direction} at 1000/s, ${name}: p50`, value: p50, unit: "ms" });
    }
  }
  for (const { people } of contenders) for (const person of [...people.sip, ...people.xmpp]) person.close();
  return rows;
}

/** Who goes first changes with each round; the first round warms up and does not count. */
async function takeTurns(
  contenders: readonly Contender[],
  order: LoadOrder,
): Promise<ReadonlyMap<string, readonly LoadReport[]>> {
  const reports = new Map<string, LoadReport[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const { name, people } of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const report = await runLoad(people, order);
      if (round > 0) reports.get(name)?.push(report);
    }
  }
  return reports;
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

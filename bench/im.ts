import { bringPeople, type LoadReport, runLoad } from "./im-load.ts";
import { type BenchGateway, withGateway } from "./private-gateway.ts";
import type { Row } from "./row.ts";

const DIRECTIONS = ["sip-to-xmpp", "xmpp-to-sip"] as const;
const RATES = [100, 1_000, 4_000];
const SECONDS_AT_RATE = 4;
const CLOSED_LOOP = { outstanding: 64, count: 50_000 }; // 100,000 IMs for both directions

/** IMs both ways through a Prosody as Debian ships it (Nagle on), archive off, and the gateway's memory after it. */
export function benchIm(): Promise<readonly Row[]> {
  return withGateway(measure);
}

async function measure(gateway: BenchGateway): Promise<readonly Row[]> {
  const people = await bringPeople(gateway);
  const rows: Row[] = [{ name: "gateway: memory before", value: gateway.residentMb(), unit: "MB" }];
  for (const direction of DIRECTIONS) {
    for (const perSecond of RATES) {
      const count = perSecond * SECONDS_AT_RATE;
      const report = await runLoad(people, { direction, count, pace: { perSecond } });
      rows.push(...rowsOf(`${direction} at ${perSecond}/s`, report));
    }
  }
  for (const direction of DIRECTIONS) {
    const report = await runLoad(people, { direction, count: CLOSED_LOOP.count, pace: CLOSED_LOOP });
    rows.push(...rowsOf(`${direction}, 64 outstanding`, report));
  }
  rows.push({ name: "gateway: memory after 100,000 more IMs", value: gateway.residentMb(), unit: "MB" });
  for (const person of [...people.sip, ...people.xmpp]) person.close();
  return rows;
}

function rowsOf(name: string, report: LoadReport): readonly Row[] {
  const row = (what: string, value: number, unit: string): Row => ({
    name: `${name}: ${what}`,
    value: round(value),
    unit,
  });
  return [
    row("delivered", report.delivered / report.seconds, "IM/s"),
    row("p50", report.p50Ms, "ms"),
    row("p99", report.p99Ms, "ms"),
    row("refused", report.refused, "IM"),
    row("out of order", report.outOfOrder, "IM"),
  ];
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { FAULTS, type FaultName } from "./faults.ts";
import { soakTable, tableHead, tableRows } from "./report.ts";
import { isSound, type RunResult, runFault } from "./run.ts";
import { runSoak } from "./soak.ts";

const USAGE = `npm run reliability -- [--faults a,b,…] [--server prosody|ejabberd] [--count 5000] [--rate 500]
                       [--users 20] [--authentication digest|none] [--json FILE] [--keep]
npm run reliability -- --soak [--minutes 30] [--rate 200] [--users 200] and the options above

  --faults          ${Object.keys(FAULTS).join(", ")}; all if absent
  --count, --rate   IMs of each side, and how many of them a second
  --keep            leaves the gateway's log, and names its folder`;

/** More would not fit on a small machine beside what is tested, or take an hour. */
const MOST = { count: 100_000, rate: 2_000, users: 500, minutes: 600 };

const { values } = parseArgs({
  options: {
    faults: { type: "string", default: Object.keys(FAULTS).join(",") },
    server: { type: "string", default: "prosody" },
    count: { type: "string", default: "5000" },
    rate: { type: "string" },
    users: { type: "string" },
    minutes: { type: "string", default: "30" },
    soak: { type: "boolean", default: false },
    authentication: { type: "string", default: "digest" },
    json: { type: "string" },
    keep: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const people = {
  server: oneOf("server", ["prosody", "ejabberd"], values.server),
  authentication: oneOf("authentication", ["digest", "none"], values.authentication),
  perSecond: within("rate", values.rate ?? (values.soak ? "200" : "500")),
  users: within("users", values.users ?? (values.soak ? "200" : "20")),
  keep: values.keep,
};

if (values.help) console.log(USAGE);
else if (values.soak) await soak();
else await runFaults();

async function soak(): Promise<void> {
  const result = await runSoak({ ...people, minutes: within("minutes", values.minutes) });
  console.log(soakTable(result));
  keepJson(result);
  process.exitCode = isSound(result) && result.flat ? 0 : 1;
}

async function runFaults(): Promise<void> {
  const options = { ...people, count: within("count", values.count) };
  const names = values.faults.split(",").map((name) => oneOf("faults", Object.keys(FAULTS) as FaultName[], name));
  const results: RunResult[] = [];
  console.log(tableHead());
  for (const fault of names) {
    const result = await runFault({ ...options, fault });
    results.push(result);
    console.log(tableRows(result));
    for (const side of ["sip", "xmpp"] as const) {
      const { lostKeys } = result[side];
      if (lostKeys.length > 0) console.error(`lost (${fault}): ${lostKeys.slice(0, 20).join(" ")}`);
    }
    keepJson(results);
  }
  process.exitCode = results.every(isSound) ? 0 : 1;
}

function keepJson(result: unknown): void {
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, undefined, 2)}\n`);
}

function oneOf<T extends string>(option: string, allowed: readonly T[], value: string): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) usageError(`--${option} is one of ${allowed.join(", ")}`);
  return found;
}

function within(option: keyof typeof MOST, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > MOST[option]) usageError(`--${option} is 1..${MOST[option]}`);
  return value;
}

function usageError(problem: string): never {
  console.error(`${problem}\n\n${USAGE}`);
  process.exit(2);
}

import { SIP_DOMAIN } from "./im-load.ts";
import { type BenchGateway, withGateway } from "./private-gateway.ts";
import type { Row } from "./row.ts";
import { SipPerson } from "./sip-person.ts";

const PEOPLE = 64; // each with one REGISTER outstanding
const EACH = 150;

/** REGISTER -> 200, each binding on disk before its answer. */
export function benchRegister(): Promise<readonly Row[]> {
  return withGateway(measure);
}

async function measure({ sipPort }: BenchGateway): Promise<readonly Row[]> {
  const names = Array.from({ length: PEOPLE }, (_, n) => `r${n}@${SIP_DOMAIN}`);
  const people = await Promise.all(names.map((aor) => SipPerson.register(aor, sipPort)));
  const start = performance.now();
  await Promise.all(people.map((person) => registerAgain(person)));
  const seconds = (performance.now() - start) / 1000;
  for (const person of people) person.close();
  return [{ name: "REGISTER -> 200, 64 outstanding", value: Math.round((PEOPLE * EACH) / seconds), unit: "per s" }];
}

async function registerAgain(person: SipPerson): Promise<void> {
  for (let n = 0; n < EACH; n += 1) await person.register();
}

import { PEOPLE, SIP_DOMAIN, XMPP_DOMAIN } from "./im-load.ts";
import { type BenchGateway, withGateway } from "./private-gateway.ts";
import type { Row } from "./row.ts";
import { SipPerson } from "./sip-person.ts";
import { XmppPerson } from "./xmpp-person.ts";

const STORED = 10_000;
const OFFLINE_AOR = `away@${SIP_DOMAIN}`;
const LOOK_EVERY_MS = 500;
const WITHIN_MS = 120_000; // a run that has not ended by then reports what it has
const PADDING = ".".repeat(80);

/** Ten thousand IMs wait for one user, whose phone then registers and answers each at once. */
export function benchOffline(): Promise<readonly Row[]> {
  return withGateway(measure);
}

async function measure(gateway: BenchGateway): Promise<readonly Row[]> {
  await gateway.cli(["param", "set", "im.offline-quota", String(STORED)]);
  const names = Array.from({ length: PEOPLE }, (_, n) => `p${n}`);
  const people = await Promise.all(names.map((name) => XmppPerson.login(gateway.xmppPort, name, XMPP_DOMAIN)));
  const storedSeconds = await secondsOf(() => storeAll(gateway, people));
  const phone = await SipPerson.open(OFFLINE_AOR, gateway.sipPort);
  const delivered = { count: 0, outOfOrder: 0 };
  const deliveredSeconds = await secondsOf(() => registerAndGetAll(phone, delivered));
  for (const person of [phone, ...people]) person.close();
  return [
    { name: "offline: IMs stored", value: Math.round(STORED / storedSeconds), unit: "IM/s" },
    { name: "offline: IMs delivered", value: Math.round(delivered.count / deliveredSeconds), unit: "IM/s" },
    { name: "offline: not delivered", value: STORED - delivered.count, unit: "IM" },
    { name: "offline: out of order", value: delivered.outOfOrder, unit: "IM" },
  ];
}

async function storeAll(gateway: BenchGateway, people: readonly XmppPerson[]): Promise<void> {
  for (let n = 0; n < STORED; n += 1) {
    const body = `#${n % PEOPLE} ${n}#${PADDING}`;
    people[n % PEOPLE]?.write(`<message type="chat" to="${OFFLINE_AOR}" id="m${n}"><body>${body}</body></message>`);
  }
  await until(async () => {
    const list = await gateway.cli(["message", "list", "--state", "stored", "--limit", "1", "--json"]);
    return (JSON.parse(list) as { readonly total: number }).total >= STORED;
  });
}

/** In each of the conversations the numbers grow. */
async function registerAndGetAll(phone: SipPerson, delivered: { count: number; outOfOrder: number }): Promise<void> {
  const last = new Map<string, number>();
  phone.onMessage = (text) => {
    const [, sender = "", number = ""] = /#(\d+) (\d+)#/.exec(text) ?? [];
    if (Number(number) < (last.get(sender) ?? -1)) delivered.outOfOrder += 1;
    last.set(sender, Number(number));
    delivered.count += 1;
  };
  await phone.register();
  await until(() => Promise.resolve(delivered.count >= STORED), 5);
}

async function until(condition: () => Promise<boolean>, everyMs = LOOK_EVERY_MS): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  while (performance.now() < deadline && !(await condition())) {
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

async function secondsOf(run: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}

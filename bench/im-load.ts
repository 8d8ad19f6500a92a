import { SipPerson } from "./sip-person.ts";
import { XmppPerson } from "./xmpp-person.ts";

export const SIP_DOMAIN = "sip.test";
export const XMPP_DOMAIN = "xmpp.test";
export const PEOPLE = 10; // on each side, as in the baseline

export interface LoadOrder {
  readonly direction: "sip-to-xmpp" | "xmpp-to-sip";
  readonly count: number;
  /** So many at a time, or so many a second. */
  readonly pace: { readonly outstanding: number } | { readonly perSecond: number };
}

export interface LoadReport {
  readonly delivered: number;
  readonly refused: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly outOfOrder: number;
}

export interface People {
  readonly sip: readonly SipPerson[];
  readonly xmpp: readonly XmppPerson[];
}

/** Ten people on each side. */
export async function bringPeople(ports: { readonly sipPort: number; readonly xmppPort: number }): Promise<People> {
  const names = Array.from({ length: PEOPLE }, (_, n) => `p${n}`);
  return {
    sip: await Promise.all(names.map((name) => SipPerson.register(`${name}@${SIP_DOMAIN}`, ports.sipPort))),
    xmpp: await Promise.all(names.map((name) => XmppPerson.login(ports.xmppPort, name, XMPP_DOMAIN))),
  };
}

/** Lets them talk. The gateway is another process, so this one's work is not its. */
export function runLoad(people: People, order: LoadOrder): Promise<LoadReport> {
  return new Load(order, people).run();
}

const PADDING = ".".repeat(60);
const LATEST_MS = 60_000; // a run that has not ended by then reports what it has

/** Sends IMs between the people, measures each from `send` to the other side's screen. */
class Load {
  readonly #order: LoadOrder;
  readonly #sip: readonly SipPerson[];
  readonly #xmpp: readonly XmppPerson[];
  readonly #latencies: number[] = [];
  readonly #lastOfPair = new Map<number, number>();
  #sent = 0;
  #refused = 0;
  #outOfOrder = 0;
  #startedAt = 0;
  #end: () => void = () => {};

  constructor(order: LoadOrder, people: People) {
    this.#order = order;
    this.#sip = people.sip;
    this.#xmpp = people.xmpp;
  }

  async run(): Promise<LoadReport> {
    for (const person of this.#xmpp) person.onText = (text) => this.#onArrival(text);
    for (const person of this.#sip) {
      person.onMessage = (text) => this.#onArrival(text);
      person.onAnswer = (_callId, status) => this.#onAnswer(status);
    }
    this.#startedAt = performance.now();
    const ended = new Promise<void>((resolve) => {
      this.#end = resolve;
    });
    const timer = setTimeout(this.#end, LATEST_MS);
    this.#begin();
    await ended;
    clearTimeout(timer);
    return this.#report();
  }

  #begin(): void {
    const { pace } = this.#order;
    if ("outstanding" in pace) for (let n = 0; n < pace.outstanding; n += 1) this.#sendNext();
    else this.#sendAtRate(pace.perSecond);
  }

  /** What is due by the clock is sent each millisecond. */
  #sendAtRate(perSecond: number): void {
    const timer = setInterval(() => {
      const due = Math.min(this.#order.count, ((performance.now() - this.#startedAt) / 1000) * perSecond);
      while (this.#sent < due) this.#sendNext();
      if (this.#sent >= this.#order.count) clearInterval(timer);
    }, 1);
  }

  #sendNext(): void {
    if (this.#sent >= this.#order.count) return;
    const n = this.#sent++;
    const [sip, xmpp] = [this.#sip[n % PEOPLE], this.#xmpp[n % PEOPLE]];
    if (sip === undefined || xmpp === undefined) return;
    const text = `#${n} ${performance.now()}#${PADDING}`;
    if (this.#order.direction === "sip-to-xmpp") sip.message(xmpp.jid, text);
    else xmpp.write(`<message type="chat" to="${sip.aor}" id="m${n}"><body>${text}</body></message>`);
  }

  #onArrival(text: string): void {
    const now = performance.now();
    for (const [, n = "", at = ""] of text.matchAll(/#(\d+) ([\d.]+)#/g)) {
      this.#latencies.push(now - Number(at));
      const pair = Number(n) % PEOPLE;
      if (Number(n) < (this.#lastOfPair.get(pair) ?? -1)) this.#outOfOrder += 1;
      this.#lastOfPair.set(pair, Number(n));
      if ("outstanding" in this.#order.pace) this.#sendNext();
    }
    if (text.includes("type='error'") || text.includes('type="error"')) this.#refused += 1;
    this.#check();
  }

  #onAnswer(status: number): void {
    if (status >= 300) this.#refused += 1;
    this.#check();
  }

  #check(): void {
    if (this.#latencies.length + this.#refused >= this.#order.count) this.#end();
  }

  #report(): LoadReport {
    const sorted = [...this.#latencies].sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
    return {
      delivered: sorted.length,
      refused: this.#refused,
      seconds: (performance.now() - this.#startedAt) / 1000,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      outOfOrder: this.#outOfOrder,
    };
  }
}

import { OrderWatch } from "./order-watch.ts";
import { formatKey, type Numbered, parseKey, type Side } from "./text.ts";

/** What the link between the gateway and the XMPP server carried, seen from outside of both. */
export interface LinkEvidence {
  /** Keys of the XMPP side's IMs that were handed to the gateway's socket. */
  readonly reachedGateway: ReadonlySet<string>;
  /** Keys that the server processed on its link: it answered an IQ that was sent behind them. */
  readonly processedByServer: ReadonlySet<string>;
  /** The same for the error stanzas that tell an XMPP sender. */
  readonly errorsProcessedByServer: ReadonlySet<string>;
  /** First copies that the gateway gave to the server behind a later IM of their conversation. */
  readonly outOfOrderToServer: number;
  /** Keys, in their order, of each connection that has ended. */
  readonly endedConnections: readonly (readonly string[])[];
}

/**
 * What became of the IMs of one side. Accepted is what the gateway answers for: 200 or 202 to a phone, or handed to its
 * socket by the XMPP server. Accepted = delivered + told + outside + lost, and lost has to be 0.
 */
export interface Account {
  readonly sent: number;
  readonly refused: number; // at once: a final answer above 299, or an error of the server for what never reached us
  readonly unknown: number; // no final answer; died with the server before it was handed over
  readonly accepted: number;
  readonly delivered: number; // of the accepted
  readonly told: number; // of the accepted and not delivered: a failure text or an error stanza arrived
  readonly outside: number; // of the rest: what another program had confirmed, or what was on the wire at a cut
  readonly lost: number;
  readonly refusedYetDelivered: number;
  readonly toldYetDelivered: number; // later: a failure was told of what had arrived, or then did
  readonly duplicatesSameId: number;
  readonly duplicatesOtherId: number;
  readonly outOfOrder: number; // first arrivals behind a later one of their conversation
  readonly outOfOrderByGateway: number; // of these, what it was that disordered them
  readonly lostKeys: readonly string[];
}

type Answer = "accepted" | "refused" | "unknown";

interface Entry {
  answer: Answer | undefined;
  readonly ids: string[]; // of the copies that arrived
  told: boolean;
}

/** The books of one run. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  readonly #order: Readonly<Record<Side, OrderWatch>> = { sip: new OrderWatch(), xmpp: new OrderWatch() };
  #changes = 0;

  /** Grows with everything that is written here, so that a reader sees when nothing happens any more. */
  get changes(): number {
    return this.#changes;
  }

  onSent(message: Numbered): void {
    this.#entries.set(formatKey(message), { answer: undefined, ids: [], told: false });
    this.#changes += 1;
  }

  /** The final answer to a phone's MESSAGE. */
  onAnswered(key: string, answer: Answer): void {
    const entry = this.#entry(key);
    if (entry !== undefined) entry.answer = answer;
  }

  /** A copy is on the other side's screen. The id is the one by which a client tells copies from IMs. */
  onArrived(key: string, id: string): void {
    const entry = this.#entry(key);
    const side = parseKey(key)?.side;
    if (entry === undefined || side === undefined) return;
    this.#order[side].onSeen(key);
    entry.ids.push(id);
  }

  /** The sender has been told of a failure after it had its answer. */
  onTold(key: string): void {
    const entry = this.#entry(key);
    if (entry !== undefined) entry.told = true;
  }

  account(side: Side, evidence: LinkEvidence): Account {
    const own = [...this.#entries].filter(([key]) => parseKey(key)?.side === side);
    const accepted = own.filter(([key, entry]) => wasAccepted(side, { key, entry, evidence }));
    const refused = own.filter(([key, entry]) => wasRefused(side, { key, entry, evidence }));
    const missing = accepted.filter(([, { ids }]) => ids.length === 0);
    const untold = missing.filter(([, { told }]) => !told).map(([key]) => key);
    const outside = untold.filter((key) => this.#isOutside(side, key, evidence));
    const excused = new Set(outside);
    const lostKeys = untold.filter((key) => !excused.has(key));
    const { outOfOrder } = this.#order[side];
    const others = own.map(([, { ids }]) => new Set(ids).size - 1).filter((count) => count > 0);
    const copies = own.map(([, { ids }]) => ids.length - 1).filter((count) => count > 0);
    return {
      sent: own.length,
      refused: refused.length,
      unknown: own.length - refused.length - accepted.length,
      accepted: accepted.length,
      delivered: accepted.length - missing.length,
      told: missing.length - untold.length,
      outside: outside.length,
      lost: lostKeys.length,
      refusedYetDelivered: refused.filter(([, { ids }]) => ids.length > 0).length,
      toldYetDelivered: accepted.filter(([, { ids, told }]) => told && ids.length > 0).length,
      duplicatesSameId: sum(copies) - sum(others),
      duplicatesOtherId: sum(others),
      outOfOrder,
      outOfOrderByGateway: side === "sip" ? evidence.outOfOrderToServer : outOfOrder,
      lostKeys,
    };
  }

  #entry(key: string): Entry | undefined {
    this.#changes += 1;
    return this.#entries.get(key);
  }

  /** Whether what is missing is missing behind the gateway, or in front of it. */
  #isOutside(side: Side, key: string, evidence: LinkEvidence): boolean {
    if (side === "sip") return evidence.processedByServer.has(key);
    return evidence.errorsProcessedByServer.has(key) || this.#wasOnTheWire(key, evidence);
  }

  /**
   * XEP-0114 has no acknowledgements: what stood in a socket when its connection ended is gone. A stream is read in order,
   * so that is so only when nothing behind it on the same connection was handled.
   */
  #wasOnTheWire(key: string, { endedConnections }: LinkEvidence): boolean {
    const connection = endedConnections.findLast((keys) => keys.includes(key));
    if (connection === undefined) return false;
    return connection.slice(connection.lastIndexOf(key) + 1).every((behind) => !this.#isHandled(behind));
  }

  #isHandled(key: string): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && (entry.ids.length > 0 || entry.told);
  }
}

interface Judged {
  readonly key: string;
  readonly entry: Entry;
  readonly evidence: LinkEvidence;
}

function wasAccepted(side: Side, { key, entry, evidence }: Judged): boolean {
  return side === "sip" ? entry.answer === "accepted" : evidence.reachedGateway.has(key);
}

function wasRefused(side: Side, { key, entry, evidence }: Judged): boolean {
  return side === "sip" ? entry.answer === "refused" : entry.told && !evidence.reachedGateway.has(key);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

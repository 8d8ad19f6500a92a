import type { Logger } from "pino";
import type { Store } from "../../store/port.ts";
import { formatJid, type Jid, parseJid } from "../../xmpp/jid.ts";
import type { XmppLink } from "../../xmpp/link/link.ts";
import type { Clock } from "../clock.ts";
import { keyOfPair, pairOf } from "../conversation/pair.ts";
import type { Counters } from "../counters.ts";
import { type DomainMap, jidFromAor, sipFromAor, sipFromJid } from "../mapping/address.ts";
import type { Asked, Disposition } from "../mapping/instant-message.ts";
import { type MessageRequest, messageFromDisposition } from "../mapping/to-sip.ts";
import { stanzaFromDisposition } from "../mapping/to-xmpp.ts";
import type { AcceptedIm } from "./journal.ts";
import { Lanes } from "./lanes.ts";
import { type Asker, OwedReceipts } from "./owed-receipts.ts";
import { sendUntilTaken } from "./send-until-taken.ts";

export interface ReceiptsOptions {
  readonly store: Store["awaitedReceipts"];
  readonly linkOf: (domain: string) => XmppLink | undefined;
  /** To the phones of a SIP user that understand it, among them the one that asked. */
  readonly sendToPhones: (aor: string, message: MessageRequest, asker: string | undefined) => Promise<boolean>;
  readonly newId: () => string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  readonly domains: DomainMap;
  /** A phone that took an IM reports that it was not delivered after all. */
  readonly onFailed: (im: { readonly aor: string; readonly jid: string; readonly stanzaId: string }) => void;
}

/** People read what came while they were away for a week; later a mark beside an old message helps nobody. */
const LIFETIME_MS = 14 * 24 * 3_600_000;

/** About 300 bytes each: 300 MB at the most. Beyond it those that would expire first go. */
const MAX_AWAITED = 1_000_000;

const SWEEP_EVERY_MS = 60_000;

type Side = "sip" | "xmpp";

/** What is said to whom about a message. */
interface Report {
  readonly asker: Asker;
  readonly outcome: Asked;
}

/**
 * Receipts and read marks between XEP-0184, XEP-0333 and IMDN (RFC 5438): who asked for which, kept in the store for as
 * long as an answer may come. They are told once, never journaled, never answered, and their failure causes nothing.
 */
export class Receipts {
  readonly #options: ReceiptsOptions;
  readonly #turns = new Lanes();
  readonly #owed: OwedReceipts;
  #cancelSweep: () => void = () => {};

  constructor(options: ReceiptsOptions) {
    this.#options = options;
    this.#owed = new OwedReceipts({
      ...options,
      lifetimeMs: LIFETIME_MS,
      send: (aor, { peer, asker, outcome }) => {
        const jid = parseJid(peer);
        return jid.ok ? this.#sendToSip(aor, jid.value, { asker, outcome }) : Promise.resolve(true);
      },
    });
  }

  async start(): Promise<void> {
    await this.#owed.start();
    this.#sweep();
  }

  /** A phone that was away hears what was reported meanwhile. */
  onRegistered(aor: string): void {
    this.#watch(this.#owed.onRegistered(aor));
  }

  stop(): void {
    this.#cancelSweep();
  }

  /** An IM of an XMPP user leaves for a phone, which may report on it under `messageId`. */
  expectFromSip(accepted: AcceptedIm, messageId: string): void {
    const { stanzaId, im, jid, acceptedAt } = accepted;
    if (stanzaId === undefined || im.asks === undefined) return;
    this.#put(keyOf("sip", accepted, messageId), { messageId: stanzaId, jid, asks: im.asks, at: acceptedAt });
  }

  /** An IM of a SIP user leaves for an XMPP client, which may report on it under `stanzaId`. */
  expectFromXmpp(accepted: AcceptedIm, stanzaId: string): void {
    const asker = sipAskerOf(accepted);
    if (asker !== undefined) this.#put(keyOf("xmpp", accepted, stanzaId), asker);
  }

  /** Whether a receipt would go to the XMPP server at this moment. */
  canTell({ aor }: Pick<AcceptedIm, "aor">): boolean {
    const us = jidFromAor(aor, this.#options.domains);
    return us.ok && this.#options.linkOf(us.value.domain)?.status().state === "online";
  }

  /** A phone has taken an IM whose sender wanted to know; resolves when the XMPP server has the receipt. */
  delivered(accepted: AcceptedIm): Promise<void> {
    const { stanzaId, im, aor, jid, callId } = accepted;
    if (stanzaId === undefined || !im.asks?.includes("delivered")) return Promise.resolve();
    const key = keyOf("sip", accepted, im.messageId ?? callId);
    this.#watch(this.#withAsker(key, (asker) => this.#strike(key, asker, "delivered")));
    return this.#tellXmpp(aor, jid, { messageId: stanzaId, outcome: "delivered" });
  }

  /** A phone reports on an IM of an XMPP user. */
  onDispositionFromSip(aor: string, peer: Jid, { messageId, outcome }: Disposition): Promise<void> {
    const key = keyOf("sip", { aor, jid: formatJid(peer) }, messageId);
    return this.#withAsker(key, (asker) => {
      const told: Disposition = { messageId: asker.messageId, outcome };
      if (outcome === "failed") this.#options.onFailed({ aor, jid: asker.jid, stanzaId: asker.messageId });
      else if (asker.asks.includes(outcome)) void this.#tellXmpp(aor, asker.jid, told);
      this.#strike(key, asker, outcome);
    });
  }

  /** An XMPP client reports on an IM of a SIP user. */
  onDispositionFromXmpp(from: Jid, aor: string, { messageId, outcome }: Disposition): Promise<void> {
    const key = keyOf("xmpp", { aor, jid: formatJid(from) }, messageId);
    return this.#withAsker(key, (asker) => {
      if (asker.asks.includes(outcome)) this.#tellSip(aor, from, { asker, outcome });
      this.#strike(key, asker, outcome);
    });
  }

  /** An IM of a SIP user failed after its final answer: its client marks it. */
  failed(accepted: AcceptedIm): void {
    const peer = parseJid(accepted.jid);
    const asker = sipAskerOf(accepted);
    if (peer.ok && asker?.asks.includes("failed"))
      this.#tellSip(accepted.aor, peer.value, { asker, outcome: "failed" });
  }

  #tellXmpp(aor: string, jid: string, disposition: Disposition): Promise<void> {
    const from = jidFromAor(aor, this.#options.domains);
    const to = parseJid(jid);
    const link = from.ok ? this.#options.linkOf(from.value.domain) : undefined;
    if (!from.ok || !to.ok || link === undefined) return Promise.resolve();
    const stanza = stanzaFromDisposition(disposition, { from: from.value, to: to.value, id: this.#options.newId() });
    if (stanza === undefined) return Promise.resolve();
    this.#options.counters.add("receipts.to-xmpp");
    return new Promise((done) => sendUntilTaken(stanza, { link, clock: this.#options.clock, done }));
  }

  #tellSip(aor: string, peer: Jid, report: Report): void {
    const told = this.#sendToSip(aor, peer, report).then((taken) => {
      return taken ? undefined : this.#owed.owe(aor, { ...report, peer: formatJid(peer) });
    });
    this.#watch(told);
  }

  /** False when no phone could be reached. */
  async #sendToSip(aor: string, peer: Jid, { asker, outcome }: Report): Promise<boolean> {
    const from = sipFromJid(peer, this.#options.domains);
    if (!from.ok) return true;
    const message = messageFromDisposition(
      { messageId: asker.messageId, outcome },
      {
        from: from.value,
        to: sipFromAor(aor),
        callId: this.#options.newId(),
        date: new Date(this.#options.clock.now()),
        originalDate: new Date(asker.at),
        ...(asker.cpim ? { cpim: { dispositions: [] } } : {}),
      },
    );
    const taken = await this.#options.sendToPhones(aor, message, asker.device);
    if (taken) this.#options.counters.add("receipts.to-sip");
    return taken;
  }

  /** Two reports on one message at once take their turns, so that neither is told twice. */
  #withAsker(key: string, use: (asker: Asker) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = async () => {
        try {
          const asker = await this.#find(key);
          if (asker !== undefined) use(asker);
          resolve();
        } catch (error) {
          reject(error);
        }
      };
      if (!this.#turns.enter(key, turn)) resolve();
    });
  }

  async #find(key: string): Promise<Asker | undefined> {
    const record = await this.#options.store.get(key);
    if (record === undefined || record.expiresAt <= this.#options.clock.now()) return undefined;
    return JSON.parse(record.payload) as Asker;
  }

  /** What was told is not told again; who has read a message has it. */
  #strike(key: string, asker: Asker, outcome: Asked): void {
    const left = asker.asks.filter((asked) => asked !== outcome && !(outcome === "displayed" && asked !== "displayed"));
    const over = outcome === "failed" || left.every((asked) => asked === "failed");
    if (over) this.#watch(this.#options.store.remove(key));
    else if (left.length < asker.asks.length) this.#put(key, { ...asker, asks: left });
  }

  #put(key: string, asker: Asker): void {
    const expiresAt = this.#options.clock.now() + LIFETIME_MS;
    this.#watch(this.#options.store.put({ key, expiresAt, payload: JSON.stringify(asker) }));
  }

  #sweep(): void {
    this.#watch(this.#options.store.removeExpired(this.#options.clock.now(), MAX_AWAITED));
    this.#cancelSweep = this.#options.clock.after(SWEEP_EVERY_MS, () => this.#sweep());
  }

  #watch(write: Promise<unknown>): void {
    write.catch((error: unknown) => this.#options.log.error({ err: error }, "awaited receipt not written"));
  }
}

/** Undefined when the sender asked for nothing. */
function sipAskerOf({ im, jid, acceptedAt: at, callId, device }: AcceptedIm): Asker | undefined {
  const { messageId, asks } = im;
  if (asks === undefined || messageId === undefined) return undefined;
  const cpim = messageId === callId ? {} : { cpim: true as const };
  return { messageId, jid, asks, at, ...cpim, ...(device === undefined ? {} : { device }) };
}

function keyOf(answersFrom: Side, between: Pick<AcceptedIm, "aor" | "jid">, messageId: string): string {
  return `${answersFrom} ${keyOfPair(pairOf(between))} ${messageId}`;
}

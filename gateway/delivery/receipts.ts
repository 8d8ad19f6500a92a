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
import { deviceOf } from "../phone-features.ts";
import type { Registrations } from "../registrations.ts";
import type { AcceptedIm } from "./journal.ts";
import { Lanes } from "./lanes.ts";
import type { NotificationOutcome } from "./notify-phones.ts";
import { type Asker, type OwedReceipt, OwedReceipts } from "./owed-receipts.ts";
import { sendUntilTaken } from "./send-until-taken.ts";

export interface ReceiptsOptions {
  readonly store: Store["awaitedReceipts"];
  readonly linkOf: (domain: string) => XmppLink | undefined;
  readonly registrations: Pick<Registrations, "bindingsOf">;
  /** To the phone of a SIP user that asked, else to those that understand it. */
  readonly sendToPhones: (
    aor: string,
    message: MessageRequest,
    asker: string | undefined,
  ) => Promise<NotificationOutcome>;
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

/** A mark speaks of all before it; these are looked through, in about 3 ms. Few are left where people read. */
const LOOKED_AT = 500;

/** Told by one mark, the latest of them: each is a request to the phone. The others go with the next mark. */
const MARKED_AT_ONCE = 50;

type Side = "sip" | "xmpp";

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
      devicesOf: (aor) => options.registrations.bindingsOf(aor).map(deviceOf),
      send: (aor, report) => this.#sendToSip(aor, report),
    });
  }

  start(): void {
    this.#sweep();
  }

  /** A phone that was away hears what was reported meanwhile. */
  onRegistered(aor: string): void {
    this.#watch(this.#owed.onRegistered(aor), "owed receipts not told");
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
    const struck = this.#withAsker(key, (asker) => this.#strike(key, asker, "delivered"));
    this.#watch(struck, NOT_WRITTEN);
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

  /** An XMPP client reports on an IM of a SIP user; a mark speaks of those before it as well. XEP-0333 §1. */
  async onDispositionFromXmpp(from: Jid, aor: string, { messageId, outcome }: Disposition): Promise<void> {
    const between = { aor, jid: formatJid(from) };
    const named = keyOf("xmpp", between, messageId);
    const keys = outcome === "displayed" ? [...(await this.#shownBefore(between, named)), named] : [named];
    const peer = between.jid;
    const reports: OwedReceipt[] = [];
    for (const key of keys) {
      await this.#withAsker(key, (asker) => {
        if (asker.asks.includes(outcome)) reports.push({ peer, outcome, asker });
        this.#strike(key, asker, outcome);
      });
    }
    this.#tellSip(aor, reports);
  }

  /** An IM of a SIP user failed after its final answer: its client marks it. */
  failed(accepted: AcceptedIm): void {
    const asker = sipAskerOf(accepted);
    if (!asker?.asks.includes("failed")) return;
    this.#tellSip(accepted.aor, [{ peer: accepted.jid, outcome: "failed", asker }]);
  }

  /** The keys of the IMs that the same phone sent before the one named, the oldest first. */
  async #shownBefore(between: Pick<AcceptedIm, "aor" | "jid">, named: string): Promise<readonly string[]> {
    const marked = await this.#find(named);
    if (marked === undefined) return [];
    const awaited = await this.#options.store.list(keyOf("xmpp", between, ""), LOOKED_AT);
    const before = awaited
      .filter(({ key }) => key !== named)
      .map(({ key, payload }) => ({ key, asker: JSON.parse(payload) as Asker }))
      .filter(
        ({ asker }) => asker.asks.includes("displayed") && asker.device === marked.device && asker.at <= marked.at,
      );
    before.sort((a, b) => a.asker.at - b.asker.at);
    return before.slice(-MARKED_AT_ONCE).map(({ key }) => key);
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

  #tellSip(aor: string, reports: readonly OwedReceipt[]): void {
    if (reports.length > 0) this.#watch(this.#owed.tell(aor, reports), "receipt not told");
  }

  async #sendToSip(aor: string, { peer, asker, outcome }: OwedReceipt): Promise<NotificationOutcome> {
    const jid = parseJid(peer);
    const from = jid.ok ? sipFromJid(jid.value, this.#options.domains) : jid;
    if (!from.ok) return "not-understood";
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
    const sent = await this.#options.sendToPhones(aor, message, asker.device);
    if (sent === "told") this.#options.counters.add("receipts.to-sip");
    return sent;
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
    if (over) this.#watch(this.#options.store.remove(key), NOT_WRITTEN);
    else if (left.length < asker.asks.length) this.#put(key, { ...asker, asks: left });
  }

  #put(key: string, asker: Asker): void {
    const expiresAt = this.#options.clock.now() + LIFETIME_MS;
    this.#watch(this.#options.store.put({ key, expiresAt, payload: JSON.stringify(asker) }), NOT_WRITTEN);
  }

  #sweep(): void {
    const removed = this.#options.store.removeExpired(this.#options.clock.now(), MAX_AWAITED);
    this.#watch(removed, "expired receipts not removed");
    this.#cancelSweep = this.#options.clock.after(SWEEP_EVERY_MS, () => this.#sweep());
  }

  #watch(task: Promise<unknown>, failure: string): void {
    task.catch((error: unknown) => this.#options.log.error({ err: error }, failure));
  }
}

const NOT_WRITTEN = "awaited receipt not written";

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

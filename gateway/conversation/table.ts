import { randomBytes } from "node:crypto";
import type { Logger } from "pino";
import type { ConversationRecord, Store } from "../../store/port.ts";
import type { Clock } from "../clock.ts";
import type { Counters } from "../counters.ts";
import { ownCopy } from "../own-copy.ts";
import { type HeardFrom, type LockChange, LockIndex, type Locks, lockChanges, locksAfter, type Side } from "./locks.ts";
import { keyOfPair, type Pair } from "./pair.ts";

export type { Pair };

/** What one IM tells of its conversation and of its sender's device. */
export interface Heard extends HeardFrom {
  readonly thread?: string;
  readonly callId?: string;
}

/** The state of one pair of people while they talk. */
export interface Conversation extends Pair, Locks {
  readonly id: string;
  readonly thread: string | undefined;
  readonly callId: string | undefined; // of the latest MESSAGE from the SIP side
  readonly openedAt: number; // ms since the epoch
  readonly activeAt: number;
  readonly fromSip: number;
  readonly fromXmpp: number;
}

export interface TableOptions {
  readonly store: Store["conversations"];
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  readonly inactiveTimeoutSeconds: () => number;
}

/** About 1 KB a row with both locks: 100 MB at the most. At the limit the pair that has been idle longest is closed. */
const MAX_CONVERSATIONS = 100_000;

/** A touched row reaches the disk this much later at the most; a crash costs an idle timer, or a lock, that much. */
const FLUSH_AFTER_MS = 2_000;

/** How often idle rows are looked for; `im-gateway.inactive-timeout` is kept to this precision. */
const SWEEP_EVERY_MS = 1_000;

/**
 * The conversation table: one row a pair, opened by the first IM, touched by each, closed with its locks when it has been
 * idle for `im-gateway.inactive-timeout`. The Map is kept in the order of activity, so the first row is always the idlest.
 */
export class ConversationTable {
  readonly #options: TableOptions;
  readonly #byPair = new Map<string, Conversation>();
  readonly #byId = new Map<string, string>();
  readonly #locked = new LockIndex();
  readonly #dirty = new Set<string>();
  readonly #closedListeners: ((conversation: Conversation) => void)[] = [];
  #cancelSweep: () => void = () => {};
  #cancelFlush: (() => void) | undefined;

  constructor(options: TableOptions) {
    this.#options = options;
  }

  /** Reads the rows of the last run and begins to close idle ones. */
  async start(): Promise<void> {
    const rows = [...(await this.#options.store.list())].sort((a, b) => a.activeAt - b.activeAt);
    for (const row of rows) this.#keep(row, undefined);
    this.#sweep();
  }

  /** The conversation of a pair after one more IM; opened when there was none. */
  touch(pair: Pair, from: Side, heard: Heard): Conversation {
    const key = keyOfPair(pair);
    const now = this.#options.clock.now();
    const before = this.#byPair.get(key);
    const row: Conversation = {
      id: before?.id ?? randomBytes(6).toString("hex"),
      aor: before?.aor ?? ownCopy(pair.aor),
      jid: before?.jid ?? ownCopy(pair.jid),
      thread: threadAfter(before, from, heard.thread),
      callId: heard.callId === undefined ? before?.callId : ownCopy(heard.callId),
      openedAt: before?.openedAt ?? now,
      activeAt: now,
      fromSip: (before?.fromSip ?? 0) + (from === "sip" ? 1 : 0),
      fromXmpp: (before?.fromXmpp ?? 0) + (from === "xmpp" ? 1 : 0),
      ...locksAfter(before, from, heard),
    };
    if (before === undefined) {
      this.#makeRoom();
      this.#options.log.info({ conversation: row.id, aor: row.aor, jid: row.jid }, "conversation opened");
    }
    this.#byPair.delete(key);
    this.#keep(row, before);
    this.#markDirty(key);
    for (const change of lockChanges(before, row)) this.#logLock(row, change);
    return row;
  }

  /** The open conversation of a pair. */
  of(pair: Pair): Conversation | undefined {
    return this.#byPair.get(keyOfPair(pair));
  }

  /** The next IM to that side goes to every device of the person again; nothing happens when there is no lock. */
  release(pair: Pair, side: Side, why: string): void {
    const before = this.of(pair);
    const lock = side === "sip" ? before?.sipLock : before?.xmppLock;
    if (before === undefined || lock === undefined) return;
    this.#keep({ ...before, ...(side === "sip" ? { sipLock: undefined } : { xmppLock: undefined }) }, before);
    this.#markDirty(keyOfPair(pair));
    this.#logLock(before, { event: "lock released", side, lock, why });
  }

  /** A binding is gone: unregistered, expired, replaced, or lost with its connection. */
  onContactGone(aor: string, contact: string): void {
    this.#releaseAll(this.#locked.onContact(aor, contact), "sip", "binding gone");
  }

  /** A resource is gone: unavailable presence from a full JID. RFC 6121 §4.5; XEP-0296 §2.3. */
  onResourceGone(fullJid: string): void {
    this.#releaseAll(this.#locked.onResource(fullJid), "xmpp", "resource unavailable");
  }

  /** Told of each conversation that is closed. */
  onClosed(listener: (conversation: Conversation) => void): void {
    this.#closedListeners.push(listener);
  }

  list(): readonly Conversation[] {
    return [...this.#byPair.values()].reverse();
  }

  find(id: string): Conversation | undefined {
    const key = this.#byId.get(id);
    return key === undefined ? undefined : this.#byPair.get(key);
  }

  /** Closes one now; false when there is none of that id. */
  expire(id: string): boolean {
    const row = this.find(id);
    if (row === undefined) return false;
    this.#close(row, "by the operator");
    return true;
  }

  /** Stops the timers and writes what is not on disk yet. */
  async stop(): Promise<void> {
    this.#cancelSweep();
    await this.#flush();
  }

  /** A row that stands in the table keeps its place in the order of activity. */
  #keep(row: Conversation, before: Conversation | undefined): void {
    const key = keyOfPair(row);
    this.#byPair.set(key, row);
    this.#byId.set(row.id, key);
    this.#locked.replace(before, row);
  }

  #releaseAll(ids: readonly string[], side: Side, why: string): void {
    for (const row of ids.map((id) => this.find(id))) if (row !== undefined) this.release(row, side, why);
  }

  #logLock({ id, aor, jid }: Conversation, { event, side, lock, why }: LockChange): void {
    this.#options.log.info({ conversation: id, aor, jid, side, lock, why }, event);
  }

  #makeRoom(): void {
    if (this.#byPair.size < MAX_CONVERSATIONS) return;
    const idlest = this.#byPair.values().next().value;
    if (idlest === undefined) return;
    this.#options.counters.add("conversation.limit-hit");
    this.#close(idlest, "to make room");
  }

  #sweep(): void {
    const idleSince = this.#options.clock.now() - this.#options.inactiveTimeoutSeconds() * 1000;
    for (const row of this.#byPair.values()) {
      if (row.activeAt > idleSince) break;
      this.#close(row, "inactive");
    }
    this.#cancelSweep = this.#options.clock.after(SWEEP_EVERY_MS, () => this.#sweep());
  }

  #close(row: Conversation, why: string): void {
    const key = keyOfPair(row);
    this.#byPair.delete(key);
    this.#byId.delete(row.id);
    this.#locked.replace(row, undefined);
    this.#dirty.delete(key);
    this.#options.log.info({ conversation: row.id, aor: row.aor, jid: row.jid, why }, "conversation closed");
    this.#watch(this.#options.store.remove(row.id));
    for (const listener of this.#closedListeners) listener(row);
  }

  #markDirty(key: string): void {
    this.#dirty.add(key);
    this.#cancelFlush ??= this.#options.clock.after(FLUSH_AFTER_MS, () => this.#watch(this.#flush()));
  }

  async #flush(): Promise<void> {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const rows = [...this.#dirty].flatMap((key) => this.#byPair.get(key) ?? []);
    this.#dirty.clear();
    await Promise.all(rows.map((row) => this.#options.store.put(recordOf(row))));
  }

  #watch(write: Promise<void>): void {
    write.catch((error: unknown) => {
      this.#options.log.error({ err: error }, "conversation not written; it is kept in memory");
    });
  }
}

/**
 * The thread that XMPP clients see: the one that the XMPP side uses, else the Call-ID that opened the conversation, so
 * that a phone's fresh Call-ID for each MESSAGE does not break one talk into many. RFC 7572 §4, §5.
 */
function threadAfter(before: Conversation | undefined, from: Side, heard: string | undefined): string | undefined {
  const chosen = from === "xmpp" ? (heard ?? before?.thread) : (before?.thread ?? heard);
  return chosen === undefined || chosen === before?.thread ? chosen : ownCopy(chosen);
}

function recordOf(row: Conversation): ConversationRecord {
  return { ...row };
}

import { ownCopy } from "../own-copy.ts";

export type Side = "sip" | "xmpp";

/** The device of each side that the other side's IMs go to; none: to the person, on every device. */
export interface Locks {
  readonly sipLock: string | undefined; // contact of the binding that replied
  readonly xmppLock: string | undefined; // full JID that replied
}

/** What an IM tells of its sender's device. */
export interface HeardFrom {
  readonly sipContact?: string; // of the binding that sent it, when that is known
  readonly xmppFull?: string; // full JID that sent it
}

/** One lock taken or released: what an operator reads who asks why an IM went where it went. */
export interface LockChange {
  readonly event: "lock taken" | "lock released";
  readonly side: Side;
  readonly lock: string; // the device that it is, or was, on
  readonly why: string;
}

/** A row of the conversation table, as far as locks concern it. */
interface Row extends Locks {
  readonly id: string;
  readonly aor: string;
  readonly fromSip: number; // instant messages so far
  readonly fromXmpp: number;
}

const NO_LOCKS: Locks = { sipLock: undefined, xmppLock: undefined };

/**
 * The locks after an IM from one side. Only a reply takes one, an IM to somebody who has spoken before: who merely begins
 * to talk on one device has not chosen it to be answered on.
 */
export function locksAfter(before: Row | undefined, from: Side, heard: HeardFrom): Locks {
  if (before === undefined) return NO_LOCKS;
  const { sipLock, xmppLock } = before;
  const isReply = from === "sip" ? before.fromXmpp > 0 : before.fromSip > 0;
  if (!isReply) return { sipLock, xmppLock };
  if (from === "sip") return { sipLock: sipLockAfter(sipLock, heard.sipContact), xmppLock };
  return { sipLock, xmppLock: xmppLockAfter(xmppLock, heard.xmppFull) };
}

/** A phone that is not registered cannot be locked to, and does not show that its user has left the other one. */
function sipLockAfter(lock: string | undefined, contact: string | undefined): string | undefined {
  return contact === undefined || contact === lock ? lock : ownCopy(contact);
}

/**
 * XEP-0296 §2.2, §2.3: an IM from another resource unlocks. The next one goes to the bare JID and so to every resource,
 * which §2.3 leaves open beside a lock to the new one: somebody who has just changed devices may well change back.
 */
function xmppLockAfter(lock: string | undefined, full: string | undefined): string | undefined {
  if (full === undefined || full === lock) return lock;
  return lock === undefined ? ownCopy(full) : undefined;
}

/** What an IM has done to the locks, for the log. */
export function lockChanges(before: Locks = NO_LOCKS, after: Locks): readonly LockChange[] {
  const changes: LockChange[] = [];
  const { sipLock, xmppLock } = after;
  if (sipLock !== undefined && sipLock !== before.sipLock) {
    const why = before.sipLock === undefined ? "reply" : "reply from another binding";
    changes.push({ event: "lock taken", side: "sip", lock: sipLock, why });
  }
  if (xmppLock !== undefined && xmppLock !== before.xmppLock) {
    changes.push({ event: "lock taken", side: "xmpp", lock: xmppLock, why: "reply" });
  }
  if (xmppLock === undefined && before.xmppLock !== undefined) {
    const why = "reply from another resource";
    changes.push({ event: "lock released", side: "xmpp", lock: before.xmppLock, why });
  }
  return changes;
}

/** Which conversations are locked to a device: a phone that goes must not cost a walk over every row. */
export class LockIndex {
  readonly #ids: Readonly<Record<Side, Map<string, Set<string>>>> = { sip: new Map(), xmpp: new Map() };

  /** Takes one row in the place of another of the same conversation; either may be absent. */
  replace(before: Row | undefined, after: Row | undefined): void {
    if (before?.sipLock !== after?.sipLock) this.#move("sip", { before, after });
    if (before?.xmppLock !== after?.xmppLock) this.#move("xmpp", { before, after });
  }

  /** Ids of the conversations locked to a binding. */
  onContact(aor: string, contact: string): readonly string[] {
    return [...(this.#ids.sip.get(bindingKey(aor, contact)) ?? [])];
  }

  /** Ids of the conversations locked to a resource. */
  onResource(fullJid: string): readonly string[] {
    return [...(this.#ids.xmpp.get(fullJid) ?? [])];
  }

  #move(side: Side, { before, after }: { before: Row | undefined; after: Row | undefined }): void {
    const index = this.#ids[side];
    const [from, to] = [deviceKey(side, before), deviceKey(side, after)];
    if (before !== undefined && from !== undefined) {
      const ids = index.get(from);
      ids?.delete(before.id);
      if (ids?.size === 0) index.delete(from);
    }
    if (after !== undefined && to !== undefined) index.set(to, (index.get(to) ?? new Set()).add(after.id));
  }
}

function deviceKey(side: Side, row: Row | undefined): string | undefined {
  if (side === "xmpp") return row?.xmppLock;
  return row?.sipLock === undefined ? undefined : bindingKey(row.aor, row.sipLock);
}

/** No space can stand in an AOR or a URI. */
function bindingKey(aor: string, contact: string): string {
  return `${aor} ${contact}`;
}

/** Every event that is counted. A name that is not here does not compile, so `status` can list them all. */
export const COUNTERS = [
  "im.to-xmpp.delivered",
  "im.to-xmpp.accepted", // answered 202, in the journal
  "im.to-xmpp.failed",
  "im.to-sip.delivered",
  "im.to-sip.failed",
  "im.to-sip.stored", // for want of a phone
  "im.to-sip.expired", // stored for too long
  "im.sip-to-sip.delivered",
  "im.sip-to-sip.failed",
  "im.refused",
  "im.duplicates", // dropped
  "im.set-aside", // unreadable to the other side
  "receipts.to-sip",
  "receipts.to-xmpp",
  "failure-messages.sent",
  "failure-messages.lost",
  "journal.limit-hit",
  "conversation.limit-hit",
  "queue.limit-hit",
  "offline.quota-hit",
  "offline.limit-hit",
  "typing.limit-hit",
  "registrations.refused",
  "registrations.flow-closed",
  "authentication.challenged",
  "authentication.failed",
  "authentication.blocked",
] as const;

export type CounterName = (typeof COUNTERS)[number];

/** Counts since the start of the process. */
export class Counters {
  readonly #counts = new Map<CounterName, number>(COUNTERS.map((name) => [name, 0]));

  add(name: CounterName): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  snapshot(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}

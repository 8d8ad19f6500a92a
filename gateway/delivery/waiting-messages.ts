import type { JournalFilter, JournalState } from "../../store/port.ts";
import type { Clock } from "../clock.ts";
import type { DropAnswer, MessageListFilter, MessagesView, MessageView, RetryAnswer } from "../control/appliance.ts";
import type { MessageState } from "../control/message-state.ts";
import type { LiveParameters } from "../live-parameters.ts";
import { refusal } from "../refusal.ts";
import type { Registrations } from "../registrations.ts";
import type { Routing } from "../routing.ts";
import type { Delivery } from "./delivery.ts";
import type { Journal, JournalRow } from "./journal.ts";
import { rowsOneByOne } from "./journal-walk.ts";
import { sipSenderOf } from "./sip-sender.ts";
import { failedBy } from "./untold.ts";

export interface WaitingMessagesOptions {
  readonly journal: Journal;
  readonly delivery: Delivery;
  readonly registrations: Registrations;
  readonly routing: Routing;
  readonly parameters: LiveParameters;
  readonly clock: Clock;
}

/** Who is under way, or who sent it, is not in the store's indexes: so many rows are looked at, about 10 MB. */
const MAX_LOOKED_AT = 10_000;

/** A phone that has not registered for this long after the failure: an operator may decide that nobody will be told. */
const DROPPABLE_AFTER_MS = 7 * 24 * 3_600_000;

/** Some rows, the oldest first, and how many match. */
interface Found {
  readonly total: number;
  readonly rows: readonly JournalRow[];
}

/** What an operator sees and does of the IMs that are not settled. */
export class WaitingMessages implements MessagesView {
  readonly #options: WaitingMessagesOptions;

  constructor(options: WaitingMessagesOptions) {
    this.#options = options;
  }

  async list(
    filter: MessageListFilter,
  ): Promise<{ readonly total: number; readonly messages: readonly MessageView[] }> {
    const { aor, limit } = filter;
    const found = await this.#find(filter);
    const sent = aor === undefined ? { total: 0, rows: [] } : await this.#findSentToSip(aor, filter);
    const rows = sent.total === 0 ? found.rows : [...found.rows, ...sent.rows].sort((a, b) => (a.id < b.id ? -1 : 1));
    return { total: found.total + sent.total, messages: rows.slice(0, limit).map((row) => this.#viewOf(row)) };
  }

  async show(id: string): Promise<MessageView | undefined> {
    const row = await this.#options.journal.find(id);
    return row === undefined ? undefined : this.#viewOf(row);
  }

  async retry(id: string): Promise<RetryAnswer> {
    const row = await this.#options.journal.find(id);
    if (row === undefined) return { outcome: "not-found" };
    if (this.#isUnderWay(row)) return { outcome: "under-way" };
    if (row.state === "failed" || row.state === "expired") return this.#tellAgain(row);
    return retried(row.state === "stored" ? this.#serve(row) : this.#sendAgain(row));
  }

  async drop(id: string): Promise<DropAnswer> {
    const { journal, delivery, parameters, clock } = this.#options;
    const row = await journal.find(id);
    if (row === undefined) return { outcome: "not-found" };
    const told = row.accepted.im.automatic ? "nobody" : "now";
    switch (row.state) {
      case "set-aside":
        journal.settle(row);
        return { outcome: "dropped", told: told === "now" ? "before" : told };
      case "failed":
      case "expired":
        if (clock.now() - failedBy(row, parameters) < DROPPABLE_AFTER_MS) return { outcome: "being-told" };
        journal.settle(row);
        return { outcome: "dropped", told: "not" };
      case "stored":
        if (this.#isUnderWay(row)) return { outcome: "under-way" };
        delivery.xmppToSip.drop(row);
        return { outcome: "dropped", told };
      case "accepted":
        if (this.#isUnderWay(row) && !delivery.sipToXmpp.takeBack(row.id)) return { outcome: "under-way" };
        delivery.sipToXmpp.drop(row);
        return { outcome: "dropped", told };
      case "confirmed":
        return { outcome: "under-way" };
    }
  }

  /** Gives how many IMs waited for that user. Whoever gets the name next has none of them, and is told of no failure. */
  async removeUser(aor: string): Promise<number> {
    const { journal, delivery, routing } = this.#options;
    let refused = 0;
    for await (const row of rowsOneByOne(journal, { states: ["stored"], direction: "to-sip", aor })) {
      if (this.#isUnderWay(row)) continue;
      delivery.xmppToSip.drop(row, refusal("unknown-user"));
      refused += 1;
    }
    for await (const row of rowsOneByOne(journal, { states: ["failed", "expired"] })) {
      if (sipSenderOf(row, routing) === aor) journal.settle(row);
    }
    delivery.forgetUser(aor);
    return refused;
  }

  /** Those whose SIP side it is. */
  async #find({ state, aor, limit }: MessageListFilter): Promise<Found> {
    const { journal } = this.#options;
    const filter: JournalFilter = { ...onDisk(state), ...(aor === undefined ? {} : { aor }) };
    const counted = await this.#count(filter);
    if (state !== "accepted" && state !== "handed-over") {
      const rows = await journal.rows({ ...filter, limit });
      return { total: Math.max(counted, rows.length), rows };
    }
    const rows: JournalRow[] = [];
    const seen = { matching: 0, others: 0 };
    for await (const row of rowsOneByOne(journal, { ...filter, limit: MAX_LOOKED_AT })) {
      const matches = this.#stateOf(row) === state;
      if (matches && rows.length < limit) rows.push(row);
      seen[matches ? "matching" : "others"] += 1;
    }
    // What is under way is the oldest, so that those beyond the bound are not.
    const total = state === "accepted" ? Math.max(seen.matching, counted - seen.others) : seen.matching;
    return { total, rows };
  }

  /** Those to another SIP user, whose SIP side is that other: they are looked for among the oldest. */
  async #findSentToSip(aor: string, { state, limit }: MessageListFilter): Promise<Found> {
    const { journal, routing } = this.#options;
    const rows: JournalRow[] = [];
    let total = 0;
    const filter: JournalFilter = { ...onDisk(state), direction: "to-sip", limit: MAX_LOOKED_AT };
    for await (const row of rowsOneByOne(journal, filter)) {
      if (row.accepted.aor === aor || sipSenderOf(row, routing) !== aor) continue;
      if (state !== undefined && this.#stateOf(row) !== state) continue;
      total += 1;
      if (rows.length < limit) rows.push(row);
    }
    return { total, rows };
  }

  async #count({ states, aor }: JournalFilter): Promise<number> {
    const counts = await this.#options.journal.counts();
    return counts
      .filter((one) => (states === undefined || states.includes(one.state)) && (aor === undefined || one.aor === aor))
      .reduce((sum, { rows }) => sum + rows, 0);
  }

  /** Gives why a stored one is not sent now, or undefined. */
  #serve(row: JournalRow): string | undefined {
    const { delivery, parameters, routing } = this.#options;
    const { aor } = row.accepted;
    delivery.xmppToSip.offline.serve(aor);
    if (parameters.get("im.enabled") === "off") return "it goes once im.enabled is on";
    const crosses = sipSenderOf(row, routing) === undefined;
    if (crosses && parameters.get("im-gateway.status") === "off") return "it goes once im-gateway.status is on";
    return this.#hasPhone(aor) ? undefined : `it goes at the next REGISTER of ${aor}, who has no phone now`;
  }

  /** Gives why it is not sent now, or undefined. Its sender has been told already if it was set aside. */
  #sendAgain(row: JournalRow): string | undefined {
    const { journal, delivery } = this.#options;
    const { aor } = row.accepted;
    if (row.direction === "to-sip" && !this.#hasPhone(aor)) return `${aor} has no phone now`;
    if (row.state !== "set-aside") delivery.resume(row);
    else delivery.resume({ ...journal.move(row, "accepted").row, senderTold: true });
    if (row.direction === "to-sip" || delivery.sipToXmpp.isUnderWay(row.id)) return undefined;
    if (delivery.sipToXmpp.holds(row.id)) return "it goes once the XMPP server is back";
    return `it goes once the domain of ${aor} is an XMPP component again`;
  }

  #tellAgain(row: JournalRow): RetryAnswer {
    const { delivery, routing } = this.#options;
    const sender = sipSenderOf(row, routing);
    if (sender === undefined || !delivery.tellAgain(row)) return { outcome: "being-told" };
    if (this.#hasPhone(sender)) return retried(undefined);
    return retried(`its sender is told at the next REGISTER of ${sender}, who has no phone now`);
  }

  #hasPhone(aor: string): boolean {
    return this.#options.registrations.bindingsOf(aor).length > 0;
  }

  #viewOf(row: JournalRow): MessageView {
    const { id, direction, accepted, problem } = row;
    const { im, aor, jid, stanzaId, callId, acceptedAt } = accepted;
    const [from, to] = direction === "to-sip" ? [sipSenderOf(row, this.#options.routing) ?? jid, aor] : [aor, jid];
    return {
      id,
      state: this.#stateOf(row),
      direction,
      from,
      to,
      acceptedAt,
      bytes: Buffer.byteLength(im.text, "utf8"),
      problem,
      stanzaId,
      callId,
      text: im.text,
    };
  }

  #stateOf(row: JournalRow): MessageState {
    return row.state === "accepted" && this.#isHandedOver(row) ? "handed-over" : row.state;
  }

  #isHandedOver({ id }: JournalRow): boolean {
    const { sipToXmpp, xmppToSip } = this.#options.delivery;
    return sipToXmpp.isUnderWay(id) || xmppToSip.isUnderWay(id);
  }

  /** A row to XMPP that nothing holds belongs to a component that is not configured any more. */
  #isUnderWay(row: JournalRow): boolean {
    const { sipToXmpp } = this.#options.delivery;
    if (row.state === "confirmed" || this.#isHandedOver(row)) return true;
    return row.state === "accepted" && (row.direction === "to-sip" || sipToXmpp.holds(row.id));
  }
}

function retried(why: string | undefined): RetryAnswer {
  return { outcome: "retried", tried: why === undefined, why };
}

function onDisk(state: MessageState | undefined): { readonly states?: readonly JournalState[] } {
  if (state === undefined) return {};
  return { states: [state === "handed-over" ? "accepted" : state] };
}

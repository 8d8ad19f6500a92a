import type { JournalState } from "../../store/port.ts";
import type { MessageListFilter, MessagesView, MessageView } from "../control/appliance.ts";
import type { MessageState } from "../control/message-state.ts";
import type { Delivery } from "./delivery.ts";
import type { Journal, JournalRow } from "./journal.ts";

export interface WaitingMessagesOptions {
  readonly journal: Journal;
  readonly delivery: Delivery;
}

/** What an operator sees and does of the IMs that are not settled. */
export class WaitingMessages implements MessagesView {
  readonly #options: WaitingMessagesOptions;

  constructor(options: WaitingMessagesOptions) {
    this.#options = options;
  }

  async list({ state, aor, limit }: MessageListFilter) {
    const { journal } = this.#options;
    const onDisk: JournalState | undefined = state === "handed-over" ? "accepted" : state;
    const filter = { ...(onDisk && { states: [onDisk] }), ...(aor === undefined ? {} : { aor }) };
    const rows = (await journal.rows({ ...filter, limit })).map((row) => this.#viewOf(row));
    const messages = state === undefined ? rows : rows.filter((row) => row.state === state);
    // Which rows are under way is known of those that were read, so that what is counted of these two states is those.
    if (onDisk === "accepted") return { total: messages.length, messages };
    const counts = (await journal.counts()).filter(
      (one) => (onDisk === undefined || one.state === onDisk) && (aor === undefined || one.aor === aor),
    );
    return {
      total: Math.max(
        messages.length,
        counts.reduce((sum, { rows }) => sum + rows, 0),
      ),
      messages,
    };
  }

  async show(id: string): Promise<MessageView | undefined> {
    const row = await this.#options.journal.find(id);
    return row === undefined ? undefined : this.#viewOf(row);
  }

  async retry(id: string): Promise<"retried" | "not-found" | "under-way"> {
    const { journal, delivery } = this.#options;
    const row = await journal.find(id);
    if (row === undefined) return "not-found";
    if (this.#isUnderWay(row)) return "under-way";
    if (row.state === "stored") delivery.xmppToSip.offline.serve(row.accepted.aor);
    else if (row.state === "set-aside") delivery.resume({ ...journal.move(row, "accepted").row, senderTold: true });
    else if (row.state === "accepted") delivery.resume(row);
    else if (!delivery.tellAgain(row)) return "under-way";
    return "retried";
  }

  async drop(id: string): Promise<"dropped" | "not-found" | "under-way"> {
    const { journal, delivery } = this.#options;
    const row = await journal.find(id);
    if (row === undefined) return "not-found";
    if (this.#isUnderWay(row)) return "under-way";
    if (row.state === "stored") delivery.xmppToSip.drop(row);
    else if (row.state === "accepted") delivery.sipToXmpp.drop(row);
    else journal.settle(row); // its sender has been told, or is being told
    return "dropped";
  }

  #viewOf(row: JournalRow): MessageView {
    const { id, direction, accepted, problem } = row;
    const { im, aor, jid, stanzaId, callId, acceptedAt } = accepted;
    const [from, to] = direction === "to-sip" ? [jid, aor] : [aor, jid];
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

import type { Store } from "../../store/port.ts";
import type { Clock } from "../clock.ts";
import type { Asked } from "../mapping/instant-message.ts";

/** Somebody who asked, and what for. Found by what the other side's client will name. */
export interface Asker {
  readonly messageId: string; // as the asker's network calls the message
  readonly jid: string; // full JID of the XMPP side
  readonly asks: readonly Asked[]; // not told yet
  readonly at: number; // when the message came, ms since the epoch
  readonly cpim?: true; // the SIP asker wrote message/cpim
  readonly device?: string; // that it asked from
}

/** A report on a message of a SIP user, none of whose phones could be reached to hear it. */
export interface OwedReceipt {
  readonly peer: string; // full JID of who reports
  readonly outcome: Asked;
  readonly asker: Asker;
}

export interface OwedReceiptsOptions {
  readonly store: Store["awaitedReceipts"];
  readonly clock: Pick<Clock, "now">;
  readonly lifetimeMs: number;
  /** Whether a phone has it now. */
  readonly send: (aor: string, owed: OwedReceipt) => Promise<boolean>;
}

/** At a REGISTER; what is left goes at the next. A phone shows one mark a message, and few are read meanwhile. */
const AT_ONCE = 200;

const PREFIX = "owed ";

/** Receipts and read marks that came while the asker was away: told at the next REGISTER, one after the other. */
export class OwedReceipts {
  readonly #options: OwedReceiptsOptions;
  readonly #aors = new Set<string>(); // as many as users were written to and are away
  readonly #beingTold = new Set<string>();

  constructor(options: OwedReceiptsOptions) {
    this.#options = options;
  }

  /** Reads for whom the last run left some. */
  async start(): Promise<void> {
    for (const { key } of await this.#options.store.list(PREFIX, Number.MAX_SAFE_INTEGER)) {
      this.#aors.add(key.slice(PREFIX.length).split(" ", 1)[0] ?? "");
    }
  }

  async owe(aor: string, owed: OwedReceipt): Promise<void> {
    const { store, clock, lifetimeMs } = this.#options;
    const key = `${PREFIX}${aor} ${owed.asker.messageId} ${owed.outcome}`;
    this.#aors.add(aor);
    await store.put({ key, expiresAt: clock.now() + lifetimeMs, payload: JSON.stringify(owed) });
  }

  async onRegistered(aor: string): Promise<void> {
    if (!this.#aors.has(aor) || this.#beingTold.has(aor)) return;
    this.#beingTold.add(aor);
    try {
      await this.#tell(aor);
    } finally {
      this.#beingTold.delete(aor);
    }
  }

  async #tell(aor: string): Promise<void> {
    const { store, send } = this.#options;
    const records = await store.list(`${PREFIX}${aor} `, AT_ONCE);
    for (const { key, payload } of records) {
      if (!(await send(aor, JSON.parse(payload) as OwedReceipt))) return;
      await store.remove(key);
    }
    if (records.length < AT_ONCE) this.#aors.delete(aor);
  }
}

import type { Logger } from "pino";
import type { Store } from "../../store/port.ts";
import type { Clock } from "../clock.ts";
import type { Asked } from "../mapping/instant-message.ts";
import { digestOf } from "./digest-of.ts";
import type { NotificationOutcome } from "./notify-phones.ts";

/** Somebody who asked, and what for. Found by what the other side's client will name. */
export interface Asker {
  readonly messageId: string; // as the asker's network calls the message
  readonly jid: string; // full JID of the XMPP side
  readonly asks: readonly Asked[]; // not told yet
  readonly at: number; // when the message came, ms since the epoch
  readonly cpim?: true; // the SIP asker wrote message/cpim
  readonly device?: string; // that it asked from
}

/** A report on a message of a SIP user, for the phone that asked for it. */
export interface OwedReceipt {
  readonly peer: string; // full JID of who reports
  readonly outcome: Asked;
  readonly asker: Asker;
}

export interface OwedReceiptsOptions {
  readonly store: Store["awaitedReceipts"];
  readonly clock: Pick<Clock, "now">;
  readonly log: Logger;
  readonly lifetimeMs: number;
  /** The devices of the user that are registered. */
  readonly devicesOf: (aor: string) => readonly string[];
  readonly send: (aor: string, owed: OwedReceipt) => Promise<NotificationOutcome>;
}

/** At a REGISTER and for each device; what is left goes at the next. Few messages are read while one is away. */
const AT_ONCE = 200;

/** One report may be what a phone never answers; a phone silent to so many in a row, 5 s each, is away again. */
const SILENCES = 3;

/** A user to whom something is told at the moment, and how often that user has registered meanwhile. */
interface Telling {
  tasks: number;
  registrations: number;
  retelling: boolean;
}

/**
 * Tells phones what was reported on their messages. What comes while the phone that asked is away waits in the store, and
 * is told when that phone registers, the oldest message first.
 */
export class OwedReceipts {
  readonly #options: OwedReceiptsOptions;
  readonly #tellings = new Map<string, Telling>(); // by AOR, while something is under way

  constructor(options: OwedReceiptsOptions) {
    this.#options = options;
  }

  /** One after the other; once the phone is found away, the rest waits as well. */
  async tell(aor: string, reports: readonly OwedReceipt[]): Promise<void> {
    const telling = this.#begin(aor);
    const { registrations } = telling;
    try {
      let isAway = false;
      for (const owed of reports) {
        isAway ||= (await this.#options.send(aor, owed)) === "away";
        if (isAway) await this.#keep(aor, owed);
      }
      if (isAway && telling.registrations !== registrations) await this.onRegistered(aor);
    } finally {
      this.#end(aor, telling);
    }
  }

  async onRegistered(aor: string): Promise<void> {
    const telling = this.#begin(aor);
    telling.registrations += 1;
    try {
      if (!telling.retelling) await this.#retell(aor, telling);
    } finally {
      this.#end(aor, telling);
    }
  }

  /** Again when a phone has registered meanwhile: it may have been looked for in vain just before. */
  async #retell(aor: string, telling: Telling): Promise<void> {
    telling.retelling = true;
    try {
      let registrations: number;
      do {
        registrations = telling.registrations;
        for (const device of new Set([undefined, ...this.#options.devicesOf(aor)])) {
          await this.#tellDevice(aor, device);
        }
      } while (telling.registrations !== registrations);
    } finally {
      telling.retelling = false;
    }
  }

  async #tellDevice(aor: string, device: string | undefined): Promise<void> {
    const { store } = this.#options;
    let silences = 0;
    for (const { key, payload } of await store.list(prefixOf(aor, device), AT_ONCE)) {
      if (await this.#isSettled(aor, payload)) {
        silences = 0;
        await store.remove(key);
      } else {
        silences += 1;
        if (silences === SILENCES) return;
      }
    }
  }

  async #isSettled(aor: string, payload: string): Promise<boolean> {
    try {
      return (await this.#options.send(aor, JSON.parse(payload) as OwedReceipt)) !== "away";
    } catch (error) {
      this.#options.log.error({ err: error, aor }, "owed receipt not told");
      return false;
    }
  }

  async #keep(aor: string, owed: OwedReceipt): Promise<void> {
    const { store, clock, lifetimeMs } = this.#options;
    const { at, messageId, device } = owed.asker;
    const key = `${prefixOf(aor, device)}${String(at).padStart(TIME_DIGITS, "0")} ${messageId} ${owed.outcome}`;
    await store.put({ key, expiresAt: clock.now() + lifetimeMs, payload: JSON.stringify(owed) });
  }

  #begin(aor: string): Telling {
    const telling = this.#tellings.get(aor) ?? { tasks: 0, registrations: 0, retelling: false };
    telling.tasks += 1;
    this.#tellings.set(aor, telling);
    return telling;
  }

  #end(aor: string, telling: Telling): void {
    telling.tasks -= 1;
    if (telling.tasks === 0) this.#tellings.delete(aor);
  }
}

/** So that keys sort by time, until the year 5138. */
const TIME_DIGITS = 14;

/** `any`: the phone that asked could not be told from others. A digest has no space, whatever a phone calls itself. */
function prefixOf(aor: string, device: string | undefined): string {
  return `owed ${aor} ${device === undefined ? "any" : digestOf([device])} `;
}

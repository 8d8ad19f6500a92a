import { ownCopy } from "../own-copy.ts";
import type { AcceptedIm } from "./journal.ts";

/** What a late failure message needs of an IM that has left us. */
export interface Delivered {
  readonly aor: string;
  readonly jid: string;
  readonly callId: string;
  readonly beginning: string; // of the text
}

/** At most 1 KB each, 10 MB in all: the last 10 s at 1,000 IMs a second, days on a small site. */
const MAX_REMEMBERED = 10_000;

/** More than a failure message quotes. */
const BEGINNING_LENGTH = 240;

/**
 * IMs that the XMPP server took: the error of a remote server can come long after. An error for any other id is nobody's,
 * so that no stranger can make failure messages by sending error stanzas.
 */
export class RecentDeliveries {
  readonly #byKey = new Map<string, Delivered>();

  add(key: string, { aor, jid, callId, im }: AcceptedIm): void {
    this.#byKey.set(key, { aor, jid, callId: ownCopy(callId), beginning: ownCopy(im.text.slice(0, BEGINNING_LENGTH)) });
    if (this.#byKey.size <= MAX_REMEMBERED) return;
    const oldest = this.#byKey.keys().next();
    if (!oldest.done) this.#byKey.delete(oldest.value);
  }

  /** Gives it once: one IM fails once. */
  take(key: string): Delivered | undefined {
    const delivered = this.#byKey.get(key);
    this.#byKey.delete(key);
    return delivered;
  }
}

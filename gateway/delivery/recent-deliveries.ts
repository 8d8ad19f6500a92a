import { ownCopy } from "../own-copy.ts";
import type { AcceptedIm } from "./journal.ts";

/** What a late failure message needs of an IM that has left us. */
export interface Delivered {
  readonly aor: string;
  readonly jid: string;
  readonly callId: string;
  readonly beginning: string; // of the text
}

/** Twice as many are remembered at the most, at 1 KB each: the last seconds at 1,000 IMs a second, days on a small site. */
const GENERATION = 2_000;

/** More than a failure message quotes. */
const BEGINNING_LENGTH = 240;

/**
 * IMs that the XMPP server took: the error of a remote server can come long after. An error for any other id is nobody's,
 * so that no stranger can make failure messages by sending error stanzas. The older half is forgotten at once: a Map that
 * loses its oldest entry each time grows gaps that cost more than the entries.
 */
export class RecentDeliveries {
  #young = new Map<string, Delivered>();
  #old = new Map<string, Delivered>();

  add(key: string, { aor, jid, callId, im }: AcceptedIm): void {
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    const beginning = ownCopy(im.text.slice(0, BEGINNING_LENGTH));
    this.#young.set(key, { aor: ownCopy(aor), jid: ownCopy(jid), callId: ownCopy(callId), beginning });
  }

  /** Gives it once: one IM fails once. */
  take(key: string): Delivered | undefined {
    const delivered = this.#young.get(key) ?? this.#old.get(key);
    this.#young.delete(key);
    this.#old.delete(key);
    return delivered;
  }
}

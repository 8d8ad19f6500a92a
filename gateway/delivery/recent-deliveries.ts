import { ownCopy } from "../own-copy.ts";
import type { AcceptedIm } from "./journal.ts";

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
  #young = new Map<string, AcceptedIm>();
  #old = new Map<string, AcceptedIm>();

  add(key: string, accepted: AcceptedIm): void {
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, shortened(accepted));
  }

  /** Gives it once: one IM fails once. Of its text only the beginning is left. */
  take(key: string): AcceptedIm | undefined {
    const delivered = this.#young.get(key) ?? this.#old.get(key);
    this.#young.delete(key);
    this.#old.delete(key);
    return delivered;
  }
}

function shortened({ im, aor, jid, stanzaId, callId, acceptedAt }: AcceptedIm): AcceptedIm {
  return {
    im: {
      text: ownCopy(im.text.slice(0, BEGINNING_LENGTH)),
      ...(im.asks === undefined ? {} : { asks: im.asks }),
      ...(im.messageId === undefined ? {} : { messageId: ownCopy(im.messageId) }),
      ...(im.automatic ? { automatic: true } : {}),
    },
    aor: ownCopy(aor),
    jid: ownCopy(jid),
    stanzaId: stanzaId === undefined ? undefined : ownCopy(stanzaId),
    callId: ownCopy(callId),
    acceptedAt,
  };
}

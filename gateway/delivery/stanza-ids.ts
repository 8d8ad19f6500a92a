import type { SipRequest } from "../../sip/message.ts";
import type { Clock } from "../clock.ts";
import { digestOf } from "./digest-of.ts";
import { Generations } from "./generations.ts";

/** About 100 bytes each, 2 MB in all. Only clients that keep one Call-ID for many IMs need it. */
const GENERATION = 10_000;

const KEPT_MS = 24 * 3_600_000;

/**
 * The id of the stanza that a MESSAGE becomes. A phone that must prove itself again after a restart of the gateway sends
 * the same IM in another transaction, so the branch (RFC 7572 §5) would make two IMs of it: what stays the same is
 * Call-ID, From tag and body (RFC 3261 §8.1.3.5). Of a client that says the same twice in one Call-ID the CSeq tells
 * them apart.
 */
export class StanzaIds {
  readonly #cseqOf: Generations<number>;

  constructor({ clock }: { readonly clock: Pick<Clock, "now"> }) {
    this.#cseqOf = new Generations({ clock, size: GENERATION, keepMs: KEPT_MS });
  }

  idOf({ callId, from, cseq, body }: Pick<SipRequest, "callId" | "from" | "cseq" | "body">): string {
    const id = digestOf([callId, from.tag ?? "", body]);
    const first = this.#cseqOf.get(id);
    if (first === undefined) this.#cseqOf.set(id, cseq.number);
    return first === undefined || first === cseq.number ? id : `${id}-${cseq.number}`;
  }
}

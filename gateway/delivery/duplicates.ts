import type { Answer, Responder } from "../../sip/engine.ts";
import type { SipRequest } from "../../sip/message.ts";
import type { Clock } from "../clock.ts";
import type { InstantMessage } from "../mapping/instant-message.ts";
import { digestOf } from "./digest-of.ts";
import { Generations } from "./generations.ts";
import type { AcceptedIm } from "./journal.ts";

/** A client that resends what its broken stream has left in doubt does so when it is back: soon, with the same id. */
const STANZA_KEPT_MS = 300_000;

/** About 100 bytes each, 2 MB in all: the last twenty seconds at 1,000 IMs a second, five minutes at 60. */
const STANZA_GENERATION = 10_000;

/** From which full JID to which SIP user. */
type Between = Pick<AcceptedIm, "jid" | "aor">;

/** What a client calls an IM. */
interface Names {
  readonly id?: string | undefined;
  readonly originId?: string | undefined;
}

/**
 * Message stanzas that came before: the same id, or origin-id, with the same text from the same full JID to the same user
 * within five minutes is the same IM. The text counts since there are clients that number from 1 at each sign-in.
 */
export class DuplicateStanzas {
  readonly #textOf: Generations<string>; // its digest, by the names of the IM

  constructor({ clock }: { readonly clock: Pick<Clock, "now"> }) {
    this.#textOf = new Generations({ clock, size: STANZA_GENERATION, keepMs: STANZA_KEPT_MS });
  }

  /** Whether it has been here, and remembers it. Never true of a stanza without any id. */
  seen(between: Between, im: Names & Pick<InstantMessage, "text">): boolean {
    const keys = keysOf(between, im);
    const text = digestOf([im.text]);
    const isKnown = keys.some((key) => this.#textOf.get(key) === text);
    for (const key of keys) this.#textOf.set(key, text);
    return isKnown;
  }

  /** For one whose sender has been told that it failed: many clients send it again under its old id. */
  forget(between: Between, names: Names): void {
    for (const key of keysOf(between, names)) this.#textOf.delete(key);
  }
}

/** A resent stanza may come under a new id with its old origin-id; most clients write the same into both. */
function keysOf({ jid, aor }: Between, { id, originId }: Names): readonly string[] {
  const names = new Set([id, originId].filter((name) => name !== undefined && name !== ""));
  return [...names].map((name) => digestOf([jid, aor, name ?? ""]));
}

/** 64*T1: for so long a client resends over UDP, and a proxy's branches are open. RFC 3261 §17.1.2.2. */
const REQUEST_KEPT_MS = 32_000;

/** About 300 bytes each, 6 MB in all: twenty seconds at 1,000 MESSAGEs a second, all 32 s at 600. */
const REQUEST_GENERATION = 10_000;

/** Copies of one request that wait for its answer: a phone has a way for each of its networks and a proxy or two. */
const MAX_WAITING_COPIES = 16;

interface FinalAnswer {
  readonly status: number;
  readonly answer: Answer | undefined;
}

interface Merge {
  readonly credentials: string;
  given: FinalAnswer | undefined;
  readonly waiting: Responder[];
}

/**
 * Copies of one request that came by different ways, each a transaction of its own. RFC 3261 §8.2.2.2 answers all but the
 * first with 482; here each gets the answer of the first, for a phone that sent its MESSAGE twice, over the connection it
 * lost and the one it has now, shows the answer that it hears: 482 would be "failed" under an IM that was delivered.
 */
export class MergedRequests {
  readonly #merges: Generations<Merge>;

  constructor({ clock }: { readonly clock: Pick<Clock, "now"> }) {
    this.#merges = new Generations({ clock, size: REQUEST_GENERATION, keepMs: REQUEST_KEPT_MS });
  }

  /**
   * True for an exact copy, which is answered like the first: before its sender is proved, since the credentials in it
   * were used up by the first and are worth no second request. RFC 7616 §5.5.
   */
  answersExactCopy(request: SipRequest, responder: Responder): boolean {
    const key = keyOfRequest(request);
    const merge = key === undefined ? undefined : this.#merges.get(key);
    if (merge === undefined || merge.credentials !== credentialsIn(request)) return false;
    answerLike(merge, responder);
    return true;
  }

  /** The responder to answer the first copy with; undefined for a later one, which is answered like the first. */
  join(request: SipRequest, responder: Responder): Responder | undefined {
    const key = keyOfRequest(request);
    if (key === undefined) return responder;
    const merge = this.#merges.get(key);
    if (merge !== undefined) {
      answerLike(merge, responder);
      return undefined;
    }
    const begun: Merge = { credentials: credentialsIn(request), given: undefined, waiting: [] };
    this.#merges.set(key, begun);
    return new FirstResponder(responder, (final) => this.#onAnswered(key, begun, final));
  }

  #onAnswered(key: string, merge: Merge, final: FinalAnswer): void {
    merge.given = final;
    for (const copy of merge.waiting.splice(0)) copy.respond(final.status, final.answer);
    if (isChallenge(final.status)) this.#merges.delete(key);
  }
}

/** Each request is asked about twice. */
const KEYS = new WeakMap<SipRequest, string>();

/** Undefined for a client of RFC 2543: nothing tells its copies from its next IM. */
function keyOfRequest(request: SipRequest): string | undefined {
  const { from, callId, cseq, uri, body } = request;
  if (from.tag === undefined) return undefined;
  const known = KEYS.get(request);
  if (known !== undefined) return known;
  const key = digestOf([
    callId,
    cseq.method,
    String(cseq.number),
    from.tag,
    uri, // a proxy that forks to two of our users sends each his own
    body, // a client that never changes its Call-ID and CSeq still sends each of its IMs once
  ]);
  KEYS.set(request, key);
  return key;
}

function credentialsIn({ fields }: SipRequest): string {
  const credentials = [...fields.all("authorization"), ...fields.all("proxy-authorization")];
  return credentials.length === 0 ? "" : digestOf(credentials);
}

/** After it the request comes again with credentials: with a new CSeq (RFC 3261 §8.1.3.5), but not from every client. */
function isChallenge(status: number): boolean {
  return status === 401 || status === 407;
}

function answerLike({ given, waiting }: Merge, copy: Responder): void {
  if (given !== undefined) copy.respond(given.status, given.answer);
  else if (waiting.length < MAX_WAITING_COPIES) waiting.push(copy);
  else copy.respond(482);
}

/** Answers the first copy and tells its final answer on. */
class FirstResponder implements Responder {
  readonly #responder: Responder;
  readonly #onFinal: (final: FinalAnswer) => void;

  constructor(responder: Responder, onFinal: (final: FinalAnswer) => void) {
    this.#responder = responder;
    this.#onFinal = onFinal;
  }

  get answered(): boolean {
    return this.#responder.answered;
  }

  respond(status: number, answer?: Answer): void {
    const isFirst = !this.answered;
    this.#responder.respond(status, answer);
    if (isFirst && status >= 200) this.#onFinal({ status, answer });
  }
}

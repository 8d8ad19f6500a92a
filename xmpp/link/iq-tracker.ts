import type { Element } from "@xmpp/xml";
import type { Clock } from "../clock.ts";
import { formatJid, parseJid } from "../jid.ts";
import type { IqAnswer } from "./link.ts";

export interface IqTrackerOptions {
  readonly clock: Clock;
  readonly limit: number; // requests waiting at one time
}

export interface TrackedRequest {
  readonly to: string; // the address whose answer counts
  readonly id: string; // unguessable
  readonly timeoutMs: number;
  readonly answer: (answer: IqAnswer) => void;
}

interface Pending {
  readonly request: TrackedRequest;
  readonly stopTimer: () => void;
}

/** IQ requests that wait for their answer, each by the pair of address and id. RFC 6120 §8.1.3, §8.2.3. */
export class IqTracker {
  readonly #options: IqTrackerOptions;
  readonly #pending = new Map<string, Pending>();

  constructor(options: IqTrackerOptions) {
    this.#options = options;
  }

  /** False when too many requests wait already; then nothing is kept. */
  track(request: TrackedRequest): boolean {
    if (this.#pending.size >= this.#options.limit) {
      return false;
    }
    const key = keyOf(request.to, request.id);
    const stopTimer = this.#options.clock.after(request.timeoutMs, () =>
      this.#finish(key, { ok: false, why: "timeout" }),
    );
    this.#pending.set(key, { request, stopTimer });
    return true;
  }

  /** Takes a result or error; false when nobody waits for it from that address. */
  receive(stanza: Element): boolean {
    const { from, id, type } = stanza.attrs;
    if (from === undefined || id === undefined) {
      return false;
    }
    const answer: IqAnswer = type === "result" ? { ok: true, stanza } : { ok: false, why: "error", stanza };
    return this.#finish(keyOf(from, id), answer);
  }

  /** The stanza of that request never left. */
  refused(to: string, id: string): void {
    this.#finish(keyOf(to, id), { ok: false, why: "refused" });
  }

  /** The link is down: what was asked may have been answered into the void. */
  disconnected(): void {
    for (const key of [...this.#pending.keys()]) {
      this.#finish(key, { ok: false, why: "disconnected" });
    }
  }

  #finish(key: string, answer: IqAnswer): boolean {
    const pending = this.#pending.get(key);
    if (pending === undefined) {
      return false;
    }
    this.#pending.delete(key);
    pending.stopTimer();
    pending.request.answer(answer);
    return true;
  }
}

function keyOf(address: string, id: string): string {
  const jid = parseJid(address);
  return `${jid.ok ? formatJid(jid.value) : address}\0${id}`;
}

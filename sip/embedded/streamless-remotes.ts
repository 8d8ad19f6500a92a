import type { Endpoint } from "../flow.ts";
import { formatEndpoint } from "./endpoint.ts";

/** A phone that has no TCP seldom gets it; each further try would hold a message up for a second. */
const REMEMBERED_MS = 600_000;

/** The remotes that took no TCP connection lately: what is too long for a datagram goes there as one all the same. RFC 3261 §18.1.1. */
export class StreamlessRemotes {
  readonly #untilMs = new Map<string, number>();
  readonly #capacity: number;
  readonly #now: () => number;

  constructor(capacity: number, now: () => number) {
    this.#capacity = capacity;
    this.#now = now;
  }

  add(remote: Endpoint): void {
    const key = formatEndpoint(remote);
    this.#untilMs.delete(key);
    if (this.#untilMs.size >= this.#capacity) {
      for (const oldest of this.#untilMs.keys()) {
        this.#untilMs.delete(oldest);
        break;
      }
    }
    this.#untilMs.set(key, this.#now() + REMEMBERED_MS);
  }

  has(remote: Endpoint): boolean {
    const key = formatEndpoint(remote);
    const untilMs = this.#untilMs.get(key);
    if (untilMs === undefined || this.#now() < untilMs) return untilMs !== undefined;
    this.#untilMs.delete(key);
    return false;
  }
}

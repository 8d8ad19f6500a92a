import { createHmac, timingSafeEqual } from "node:crypto";
import { detached } from "./text.ts";

/** How far behind the highest nc a UDP packet may arrive: one bit each, in one 32-bit word. */
const REORDER_WINDOW = 32;
const TIME_BYTES = 6;
const RANDOM_BYTES = 10;
const MAC_BYTES = 16;
const NONCE_LENGTH = Math.ceil(((TIME_BYTES + RANDOM_BYTES + MAC_BYTES) * 8) / 6); // base64url without padding

export interface NonceOptions {
  readonly secret: Buffer; // 32 bytes, the same across restarts
  readonly now: () => number; // ms
  readonly randomBytes: (size: number) => Buffer;
  readonly lifetimeMs: number;
  readonly maxTracked: number;
}

interface Counted {
  readonly issuedAt: number;
  highest: number;
  seen: number; // bit i: highest - i has been used
}

/**
 * Nonces that carry their own proof (time, random, HMAC), so that a challenge costs no memory; only those that were
 * answered rightly are remembered, for their counts. RFC 7616 §3.3, §5.4, §5.6.
 */
export class Nonces {
  readonly #options: NonceOptions;
  readonly #counted = new Map<string, Counted>();
  /** A nonce issued before this and not in the table may have been used before: its counts are forgotten. */
  #forgottenBefore: number;

  constructor(options: NonceOptions) {
    this.#options = options;
    this.#forgottenBefore = options.now(); // the counts of an earlier process are gone with it
  }

  issue(): string {
    const head = Buffer.alloc(TIME_BYTES + RANDOM_BYTES);
    head.writeUIntBE(this.#options.now(), 0, TIME_BYTES);
    this.#options.randomBytes(RANDOM_BYTES).copy(head, TIME_BYTES);
    return Buffer.concat([head, this.#mac(head)]).toString("base64url");
  }

  /** True while the nonce is ours, young enough, and its counts are not forgotten. */
  isFresh(nonce: string): boolean {
    const issuedAt = this.#issuedAt(nonce);
    if (issuedAt === undefined) return false;
    const age = this.#options.now() - issuedAt;
    if (age < 0 || age >= this.#options.lifetimeMs) return false;
    return this.#counted.has(nonce) || issuedAt >= this.#forgottenBefore;
  }

  /** Marks a count as used; false when it was used before or lies behind the window. RFC 7616 §3.4. */
  use(nonce: string, count: number): boolean {
    if (!this.isFresh(nonce)) return false; // forgotten while the answer was being judged
    const known = this.#counted.get(nonce);
    if (known === undefined) {
      this.#remember(nonce, count);
      return true;
    }
    const behind = known.highest - count;
    if (behind < 0) {
      known.seen = -behind >= REORDER_WINDOW ? 1 : (known.seen << -behind) | 1;
      known.highest = count;
      return true;
    }
    if (behind >= REORDER_WINDOW || (known.seen & (1 << behind)) !== 0) return false;
    known.seen |= 1 << behind;
    return true;
  }

  #remember(nonce: string, count: number): void {
    const now = this.#options.now();
    for (const [oldest, { issuedAt }] of this.#counted) {
      const expired = now - issuedAt >= this.#options.lifetimeMs;
      if (!expired && this.#counted.size < this.#options.maxTracked) break;
      this.#counted.delete(oldest);
      // Forgotten early for want of room: never let it count from one again, its holder gets a new challenge instead.
      if (!expired) this.#forgottenBefore = Math.max(this.#forgottenBefore, issuedAt + 1);
    }
    this.#counted.set(detached(nonce), { issuedAt: this.#issuedAt(nonce) ?? now, highest: count, seen: 1 });
  }

  #issuedAt(nonce: string): number | undefined {
    if (nonce.length !== NONCE_LENGTH) return undefined;
    const bytes = Buffer.from(nonce, "base64url");
    if (bytes.length !== TIME_BYTES + RANDOM_BYTES + MAC_BYTES) return undefined;
    if (bytes.toString("base64url") !== nonce) return undefined; // another spelling would get a count of its own
    const head = bytes.subarray(0, TIME_BYTES + RANDOM_BYTES);
    if (!timingSafeEqual(bytes.subarray(TIME_BYTES + RANDOM_BYTES), this.#mac(head))) return undefined;
    return head.readUIntBE(0, TIME_BYTES);
  }

  #mac(head: Buffer): Buffer {
    return createHmac("sha256", this.#options.secret).update(head).digest().subarray(0, MAC_BYTES);
  }
}

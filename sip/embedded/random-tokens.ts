import { randomFillSync } from "node:crypto";

/** Fills a buffer with unpredictable bytes; tests pass their own. */
export type FillRandom = (bytes: Buffer) => void;

const fromCrypto: FillRandom = (bytes) => {
  randomFillSync(bytes);
};

/** Drawn from the system a page at a time: one call for some 400 tokens. */
const POOL_BYTES = 4096;

/** RFC 3261 §8.1.1.7. */
export const MAGIC_COOKIE = "z9hG4bK";

/** Tags, branches and Call-IDs that a stranger cannot guess (RFC 3261 §19.3 asks for 32 random bits; these have 64 and 80). */
export class RandomTokens {
  readonly #fill: FillRandom;
  readonly #pool = Buffer.alloc(POOL_BYTES);
  #at = POOL_BYTES;

  constructor(fill: FillRandom = fromCrypto) {
    this.#fill = fill;
  }

  tag(): string {
    return this.#hex(8);
  }

  /** What makes a branch unique, without the magic cookie. */
  branchTail(): string {
    return this.#hex(10);
  }

  branch(): string {
    return MAGIC_COOKIE + this.#hex(10);
  }

  callId(): string {
    return this.#hex(16);
  }

  /** A key for a keyed hash. */
  secret(): Buffer {
    const bytes = Buffer.alloc(32);
    this.#fill(bytes);
    return bytes;
  }

  #hex(bytes: number): string {
    if (this.#at + bytes > POOL_BYTES) {
      this.#fill(this.#pool);
      this.#at = 0;
    }
    const start = this.#at;
    this.#at += bytes;
    return this.#pool.toString("hex", start, this.#at);
  }
}

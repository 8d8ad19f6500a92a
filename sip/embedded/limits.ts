import { PARSE_LIMITS, type ParseLimits } from "./parse.ts";

/** What one engine will hold for strangers; each number says why it is that number. */
export interface EngineLimits extends ParseLimits {
  /** Requests being handled: each holds its message, some 4 KB, so 40 MB in all; 12,000 a second with 400 ms each need 5,000. */
  readonly maxOpenServerTransactions: number;
  /** Open and completed: 6,250 requests a second over UDP stay 32 s (timer J) at some 300 bytes each, 60 MB. */
  readonly maxServerTransactions: number;
  /** Requests of our own that wait for an answer: the same burst as we take in. */
  readonly maxClientTransactions: number;
  /** Registered phones that keep a connection open; below the usual limit of 16,384 file descriptors. */
  readonly maxConnections: number;
  /** Silence that ends a stream connection: over an hour, since phones that refresh hourly may send nothing in between. */
  readonly connectionIdleMs: number;
  /** A connection must bring its first message, and a begun message its end, within 64*T1: slow senders hold nothing for longer. */
  readonly messageArrivalMs: number;
  /** Bytes waiting for a peer that does not read; it is cut off beyond: four of the largest messages. */
  readonly maxWriteBufferBytes: number;
  /** Remotes remembered as having no TCP (RFC 3261 §18.1.1): one a registered UDP phone, 100 bytes each. */
  readonly maxStreamlessRemotes: number;
}

export const DEFAULT_LIMITS: EngineLimits = {
  ...PARSE_LIMITS,
  maxOpenServerTransactions: 10_000,
  maxServerTransactions: 200_000,
  maxClientTransactions: 10_000,
  maxConnections: 10_000,
  connectionIdleMs: 3_900_000,
  messageArrivalMs: 32_000,
  maxWriteBufferBytes: 1_048_576,
  maxStreamlessRemotes: 10_000,
};

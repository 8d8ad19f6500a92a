import type { Answer } from "../engine.ts";
import type { SipRequest } from "../message.ts";
import type { TimerWheel } from "./timer-wheel.ts";
import type { TimerValues } from "./timers.ts";
import type { TableEntry } from "./transaction-table.ts";

/** An answer as it leaves; every copy of it carries the same To tag. */
export interface StatusAnswer {
  readonly status: number;
  readonly toTag: string; // used where the request has none (RFC 3261 §8.2.6.2); "" with a 100
  readonly answer: ServedAnswer | undefined;
}

export interface ServedAnswer extends Answer {
  /** Another server's answer: its Record-Route is complete already. */
  readonly forwarded?: boolean;
}

/** What the two server transactions have in common for those above them. RFC 3261 §17.2. */
export interface ServerTransaction extends TableEntry {
  /** The same request once more: absorbed, or answered as before. */
  onRetransmission(request: SipRequest): void;
  respond(answer: StatusAnswer): void;
  onTransportError(): void;
  /** Ends without an answer. */
  abandon(): void;
}

/** What a server transaction needs of the engine. */
export interface ServerTransactionContext {
  readonly wheel: TimerWheel;
  readonly timers: TimerValues;
  /** How long a handler may take; then `onOverdue`. */
  readonly answerWithinMs: number;
  /** Formats the answer from the header fields of `request` and sends it. A failure comes back as `onTransportError`. */
  send(transaction: ServerTransaction, request: SipRequest, answer: StatusAnswer): void;
  onOverdue(transaction: ServerTransaction): void;
  /** It has its final answer, or will never have one. Once for each transaction. */
  onCompleted(transaction: ServerTransaction): void;
  onTerminated(transaction: ServerTransaction): void;
}

/** Stream transports lose nothing and repeat nothing: timers J, K and I are zero, E and G are not set. RFC 3261 §17. */
export function isReliable(request: SipRequest): boolean {
  return request.flow.protocol !== "udp";
}

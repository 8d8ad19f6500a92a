import type { SipRequest } from "../message.ts";
import { detachedAnswer } from "./detached-answer.ts";
import {
  isReliable,
  type ServedAnswer,
  type ServerTransaction,
  type ServerTransactionContext,
  type StatusAnswer,
} from "./server-transaction.ts";
import type { StateTable } from "./state-table.ts";
import type { Alarm } from "./timer-wheel.ts";
import { transactionTimeoutMs } from "./timers.ts";

export type NonInviteServerState = "trying" | "proceeding" | "completed" | "terminated";
export type NonInviteServerEvent = "request" | "provisional" | "final" | "transportError" | "timerJ";
export type NonInviteServerAction = "sendResponse" | "startTimerJ" | "end";

/** Non-INVITE server transaction. RFC 3261 §17.2.2, figure 8. An empty cell: the event is absorbed. */
// biome-ignore format: table
export const NON_INVITE_SERVER: StateTable<NonInviteServerState, NonInviteServerEvent, NonInviteServerAction> = {
  trying: {
    provisional:    { next: "proceeding", actions: ["sendResponse"] },
    final:          { next: "completed",  actions: ["sendResponse", "startTimerJ"] },
  },
  proceeding: {
    request:        { next: "proceeding", actions: ["sendResponse"] },
    provisional:    { next: "proceeding", actions: ["sendResponse"] },
    final:          { next: "completed",  actions: ["sendResponse", "startTimerJ"] },
    transportError: { next: "terminated", actions: ["end"] },
  },
  completed: {
    request:        { next: "completed",  actions: ["sendResponse"] },
    transportError: { next: "terminated", actions: ["end"] },
    timerJ:         { next: "terminated", actions: ["end"] },
  },
  terminated: {},
};

/**
 * When timer E of the client has grown to T2 = 8*T1: after 1+2+4 T1. Before it a 100 would only slow the client's
 * retransmissions down, from then on it is a must. RFC 4320 §4.1.
 */
function trying100Ms({ timers }: ServerTransactionContext): number {
  return 7 * timers.t1;
}

/**
 * Keeps what the last answer was made of and not its bytes: a retransmission brings the header fields from which the
 * same answer is formatted again. It is its own alarm (100, overdue handler, timer J), so that a completed one
 * costs some 300 bytes for its 32 s.
 */
export class NonInviteServerTransaction implements ServerTransaction, Alarm {
  readonly key: string;
  dueTick = 0;
  previous: Alarm | undefined = undefined;
  next: Alarm | undefined = undefined;
  readonly #context: ServerTransactionContext;
  #state: NonInviteServerState = "trying";
  #request: SipRequest | undefined;
  #status = 0;
  #toTag = "";
  #answer: ServedAnswer | undefined = undefined;

  constructor(key: string, request: SipRequest, context: ServerTransactionContext) {
    this.key = key;
    this.#request = request;
    this.#context = context;
    context.wheel.set(this, trying100Ms(context));
  }

  get open(): boolean {
    return this.#request !== undefined;
  }

  onRetransmission(request: SipRequest): void {
    this.#on("request", request);
  }

  respond({ status, toTag, answer }: StatusAnswer): void {
    const request = this.#request;
    if (request === undefined) return;
    this.#status = status;
    this.#toTag = toTag;
    this.#answer = answer;
    this.#on(status < 200 ? "provisional" : "final", request);
  }

  onTransportError(): void {
    this.#on("transportError", undefined);
  }

  discard(): void {
    this.#context.wheel.clear(this);
    this.#request = undefined;
    this.#state = "terminated";
  }

  abandon(): void {
    this.#act("end", undefined);
  }

  ring(): void {
    if (!this.open) this.#on("timerJ", undefined);
    else if (this.#state === "proceeding") this.#context.onOverdue(this);
    else {
      this.#context.wheel.set(this, this.#context.answerWithinMs - trying100Ms(this.#context));
      this.respond({ status: 100, toTag: "", answer: undefined });
    }
  }

  #on(event: NonInviteServerEvent, request: SipRequest | undefined): void {
    const cell = NON_INVITE_SERVER[this.#state][event];
    if (cell === undefined) return;
    this.#state = cell.next;
    for (const action of cell.actions) this.#act(action, request);
  }

  #act(action: NonInviteServerAction, request: SipRequest | undefined): void {
    switch (action) {
      case "sendResponse":
        if (request !== undefined) this.#send(request);
        break;
      case "startTimerJ":
        this.#complete();
        break;
      case "end":
        this.#close();
        this.discard();
        this.#context.onTerminated(this);
        break;
      default:
        action satisfies never;
    }
  }

  #send(request: SipRequest): void {
    this.#context.send(this, request, { status: this.#status, toTag: this.#toTag, answer: this.#answer });
  }

  /** Timer J is 64*T1, and zero over a reliable transport. */
  #complete(): void {
    const request = this.#request;
    this.#close();
    if (request === undefined || isReliable(request)) this.#on("timerJ", undefined);
    else {
      this.#answer = detachedAnswer(this.#answer);
      this.#context.wheel.set(this, transactionTimeoutMs(this.#context.timers));
    }
  }

  #close(): void {
    if (!this.open) return;
    this.#request = undefined;
    this.#context.onCompleted(this);
  }
}

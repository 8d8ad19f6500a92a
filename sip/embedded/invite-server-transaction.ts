import type { SipRequest } from "../message.ts";
import {
  isReliable,
  type ServerTransaction,
  type ServerTransactionContext,
  type StatusAnswer,
} from "./server-transaction.ts";
import type { StateTable } from "./state-table.ts";
import { NamedAlarm } from "./timer-wheel.ts";
import { transactionTimeoutMs } from "./timers.ts";

export type InviteServerState = "proceeding" | "accepted" | "completed" | "confirmed" | "terminated";
export type InviteServerTimer = "timer100" | "timerG" | "timerH" | "timerI" | "timerL";
export type InviteServerEvent = "request" | "ack" | "provisional" | "accept" | "refuse" | InviteServerTimer;
export type InviteServerAction =
  | "sendResponse"
  | "sendTrying"
  | "startTimerG"
  | "restartTimerG"
  | "startTimerH"
  | "startTimerI"
  | "startTimerL"
  | "end";

/**
 * INVITE server transaction. RFC 3261 §17.2.1, figure 7, with the accepted state of RFC 6026 §7.1; a transport error
 * leaves the state as it is (RFC 6026 §7.1). `accept` is a 2xx, `refuse` 300-699. An empty cell: the event is absorbed.
 */
// biome-ignore format: table
export const INVITE_SERVER: StateTable<InviteServerState, InviteServerEvent, InviteServerAction> = {
  proceeding: {
    request:     { next: "proceeding", actions: ["sendResponse"] },
    provisional: { next: "proceeding", actions: ["sendResponse"] },
    timer100:    { next: "proceeding", actions: ["sendTrying"] },
    accept:      { next: "accepted",   actions: ["sendResponse", "startTimerL"] },
    refuse:      { next: "completed",  actions: ["sendResponse", "startTimerG", "startTimerH"] },
  },
  accepted: {
    timerL:      { next: "terminated", actions: ["end"] },
  },
  completed: {
    request:     { next: "completed",  actions: ["sendResponse"] },
    timerG:      { next: "completed",  actions: ["sendResponse", "restartTimerG"] },
    timerH:      { next: "terminated", actions: ["end"] },
    ack:         { next: "confirmed",  actions: ["startTimerI"] },
  },
  confirmed: {
    timerI:      { next: "terminated", actions: ["end"] },
  },
  terminated: {},
};

/** An INVITE that has no answer by then gets a 100. RFC 3261 §17.2.1. */
const TRYING_AFTER_MS = 200;

/**
 * Enough of the INVITE for a stack that refuses calls lawfully: the refusal is repeated until its ACK or timer H.
 * The repetition of a 2xx (RFC 3261 §13.3.1.4) is the matter of whoever accepts the call.
 */
export class InviteServerTransaction implements ServerTransaction {
  readonly key: string;
  readonly request: SipRequest;
  readonly #context: ServerTransactionContext;
  readonly #alarms = new Map<string, NamedAlarm<InviteServerTimer | "overdue">>();
  #state: InviteServerState = "proceeding";
  #last: StatusAnswer | undefined = undefined;
  #timerGMs: number;

  constructor(key: string, request: SipRequest, context: ServerTransactionContext) {
    this.key = key;
    this.request = request;
    this.#context = context;
    this.#timerGMs = context.timers.t1;
    this.#start("timer100", TRYING_AFTER_MS);
    this.#start("overdue", context.answerWithinMs);
  }

  get open(): boolean {
    return this.#state === "proceeding";
  }

  onRetransmission(request: SipRequest): void {
    this.#on("request", request);
  }

  /** True: it acknowledges a refusal and ends here. False: it belongs to a 2xx, and so to the dialog. RFC 3261 §17.2.1. */
  onAck(): boolean {
    if (this.#state === "accepted") return false;
    this.#on("ack");
    return true;
  }

  respond(answer: StatusAnswer): void {
    if (!this.open) return;
    this.#last = answer;
    this.#stop("timer100");
    if (answer.status < 200) this.#on("provisional");
    else {
      this.#stop("overdue");
      this.#on(answer.status < 300 ? "accept" : "refuse");
      this.#context.onCompleted(this);
    }
  }

  /** RFC 6026 §7.1: timer H or L ends it, a later copy may get through. */
  onTransportError(): void {}

  abandon(): void {
    if (this.open) this.#context.onCompleted(this);
    this.#act("end", this.request);
  }

  discard(): void {
    for (const alarm of this.#alarms.values()) this.#context.wheel.clear(alarm);
    this.#alarms.clear();
    this.#state = "terminated";
  }

  #on(event: InviteServerEvent, request: SipRequest = this.request): void {
    const cell = INVITE_SERVER[this.#state][event];
    if (cell === undefined) return;
    this.#state = cell.next;
    for (const action of cell.actions) this.#act(action, request);
  }

  #act(action: InviteServerAction, request: SipRequest): void {
    const { timers } = this.#context;
    switch (action) {
      case "sendResponse":
        if (this.#last !== undefined) this.#context.send(this, request, this.#last);
        break;
      case "sendTrying":
        this.#last = { status: 100, toTag: "", answer: undefined };
        this.#context.send(this, request, this.#last);
        break;
      case "startTimerG":
        if (!isReliable(this.request)) this.#start("timerG", this.#timerGMs);
        break;
      case "restartTimerG":
        this.#timerGMs = Math.min(2 * this.#timerGMs, timers.t2);
        this.#start("timerG", this.#timerGMs);
        break;
      case "startTimerH":
        this.#start("timerH", transactionTimeoutMs(timers));
        break;
      case "startTimerI":
        this.#stop("timerG");
        this.#stop("timerH");
        if (isReliable(this.request)) this.#on("timerI");
        else this.#start("timerI", timers.t4);
        break;
      case "startTimerL":
        this.#start("timerL", transactionTimeoutMs(timers));
        break;
      case "end":
        this.discard();
        this.#context.onTerminated(this);
        break;
      default:
        action satisfies never;
    }
  }

  #start(name: InviteServerTimer | "overdue", delayMs: number): void {
    const alarm = this.#alarms.get(name) ?? new NamedAlarm(name, this.#onAlarm);
    this.#alarms.set(name, alarm);
    this.#context.wheel.set(alarm, delayMs);
  }

  #stop(name: InviteServerTimer | "overdue"): void {
    const alarm = this.#alarms.get(name);
    if (alarm !== undefined) this.#context.wheel.clear(alarm);
  }

  readonly #onAlarm = (name: InviteServerTimer | "overdue"): void => {
    if (name === "overdue") this.#context.onOverdue(this);
    else this.#on(name);
  };
}

import type { SipResponse } from "../message.ts";
import type { StateTable } from "./state-table.ts";
import { NamedAlarm, type TimerWheel } from "./timer-wheel.ts";
import { type TimerValues, transactionTimeoutMs } from "./timers.ts";
import type { TableEntry } from "./transaction-table.ts";

export type NonInviteClientState = "trying" | "proceeding" | "completed" | "terminated";
export type NonInviteClientTimer = "timerE" | "timerF" | "timerK";
export type NonInviteClientEvent = "provisional" | "final" | "transportError" | NonInviteClientTimer;
export type NonInviteClientAction = "resend" | "doubleTimerE" | "setTimerEToT2" | "report" | "startTimerK" | "end";

/**
 * Non-INVITE client transaction. RFC 3261 §17.1.2, figure 6; `report` gives the final response, timeout or transport
 * error to the sender, who has no use for provisional ones. An empty cell: the event is absorbed.
 */
// biome-ignore format: table
export const NON_INVITE_CLIENT: StateTable<NonInviteClientState, NonInviteClientEvent, NonInviteClientAction> = {
  trying: {
    timerE:         { next: "trying",     actions: ["resend", "doubleTimerE"] },
    timerF:         { next: "terminated", actions: ["report", "end"] },
    transportError: { next: "terminated", actions: ["report", "end"] },
    provisional:    { next: "proceeding", actions: [] },
    final:          { next: "completed",  actions: ["report", "startTimerK"] },
  },
  proceeding: {
    timerE:         { next: "proceeding", actions: ["resend", "setTimerEToT2"] },
    timerF:         { next: "terminated", actions: ["report", "end"] },
    transportError: { next: "terminated", actions: ["report", "end"] },
    provisional:    { next: "proceeding", actions: [] },
    final:          { next: "completed",  actions: ["report", "startTimerK"] },
  },
  completed: {
    timerK:         { next: "terminated", actions: ["end"] },
  },
  terminated: {},
};

/** How a client transaction ended for the one who sent the request. */
export type ClientOutcome =
  | { readonly kind: "response"; readonly response: SipResponse }
  | { readonly kind: "timeout" }
  | { readonly kind: "transportError"; readonly why: string }
  | { readonly kind: "tooLong" }; // for a datagram, and it was not to be sent in pieces

/** What stands for an outcome without an answer. RFC 3261 §8.1.3.1. */
export const STATUS_WITHOUT_ANSWER = { timeout: 408, transportError: 503, tooLong: 513 } as const;

export interface ClientTransactionContext {
  readonly wheel: TimerWheel;
  readonly timers: TimerValues;
  onTerminated(transaction: NonInviteClientTransaction): void;
}

export interface ClientTransactionOptions {
  readonly branch: string;
  readonly method: string;
  readonly reliable: boolean;
  readonly timeoutMs: number | undefined; // shortens timer F
  readonly resend: () => void;
  readonly onOutcome: (outcome: ClientOutcome) => void;
}

/** The caller sends the request the first time; this sends it again and sees its end. */
export class NonInviteClientTransaction implements TableEntry {
  readonly key: string;
  readonly method: string;
  readonly #context: ClientTransactionContext;
  readonly #reliable: boolean;
  readonly #timerE = new NamedAlarm<NonInviteClientTimer>("timerE", (name) => this.#on(name));
  readonly #timerF = new NamedAlarm<NonInviteClientTimer>("timerF", (name) => this.#on(name));
  readonly #timerK = new NamedAlarm<NonInviteClientTimer>("timerK", (name) => this.#on(name));
  #state: NonInviteClientState = "trying";
  #timerEMs: number;
  #resend: (() => void) | undefined;
  #onOutcome: ((outcome: ClientOutcome) => void) | undefined;

  constructor(options: ClientTransactionOptions, context: ClientTransactionContext) {
    this.key = options.branch;
    this.method = options.method;
    this.#context = context;
    this.#reliable = options.reliable;
    this.#timerEMs = context.timers.t1;
    this.#resend = options.resend;
    this.#onOutcome = options.onOutcome;
    const limitMs = transactionTimeoutMs(context.timers);
    context.wheel.set(this.#timerF, Math.min(options.timeoutMs ?? limitMs, limitMs));
    if (!this.#reliable) context.wheel.set(this.#timerE, this.#timerEMs);
  }

  get open(): boolean {
    return this.#onOutcome !== undefined;
  }

  onResponse(response: SipResponse): void {
    this.#on(response.status < 200 ? "provisional" : "final", { kind: "response", response });
  }

  onTransportError(why: string): void {
    this.#on("transportError", { kind: "transportError", why });
  }

  discard(): void {
    this.#stopTimers();
    this.#resend = undefined;
    this.#onOutcome = undefined;
    this.#state = "terminated";
  }

  #on(event: NonInviteClientEvent, outcome?: ClientOutcome): void {
    const cell = NON_INVITE_CLIENT[this.#state][event];
    if (cell === undefined) return;
    this.#state = cell.next;
    for (const action of cell.actions) this.#act(action, outcome);
  }

  #act(action: NonInviteClientAction, outcome: ClientOutcome | undefined): void {
    switch (action) {
      case "resend":
        this.#resend?.();
        break;
      case "doubleTimerE":
        this.#restartTimerE(Math.min(2 * this.#timerEMs, this.#context.timers.t2));
        break;
      case "setTimerEToT2":
        this.#restartTimerE(this.#context.timers.t2);
        break;
      case "report":
        this.#report(outcome ?? { kind: "timeout" });
        break;
      case "startTimerK":
        this.#startTimerK();
        break;
      case "end":
        this.discard();
        this.#context.onTerminated(this);
        break;
      default:
        action satisfies never;
    }
  }

  /** A failed resend may have ended the transaction just now. */
  #restartTimerE(delayMs: number): void {
    if (!this.open) return;
    this.#timerEMs = delayMs;
    this.#context.wheel.set(this.#timerE, delayMs);
  }

  #report(outcome: ClientOutcome): void {
    const onOutcome = this.#onOutcome;
    this.#stopTimers();
    this.#resend = undefined;
    this.#onOutcome = undefined;
    onOutcome?.(outcome);
  }

  /** Timer K is T4, and zero over a reliable transport. */
  #startTimerK(): void {
    if (this.#reliable) this.#on("timerK");
    else this.#context.wheel.set(this.#timerK, this.#context.timers.t4);
  }

  #stopTimers(): void {
    for (const alarm of [this.#timerE, this.#timerF, this.#timerK]) this.#context.wheel.clear(alarm);
  }
}

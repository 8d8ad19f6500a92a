import type { HandlerOptions, RequestHandler } from "../engine.ts";
import type { HeaderField } from "../header-fields.ts";
import type { SipRequest } from "../message.ts";
import { type Role, sanityCheck } from "../sanity-check.ts";
import type { EngineParts } from "./engine-parts.ts";
import { InviteServerTransaction } from "./invite-server-transaction.ts";
import { NonInviteServerTransaction } from "./non-invite-server-transaction.ts";
import { TransactionResponder } from "./responder.ts";
import type { ResponseSender } from "./response-sender.ts";
import type { ServerTransaction, ServerTransactionContext, StatusAnswer } from "./server-transaction.ts";
import { serverTransactionKey } from "./server-transaction-key.ts";
import { transactionTimeoutMs } from "./timers.ts";
import { TransactionTable } from "./transaction-table.ts";

/** A handler may wait for a request of its own (64*T1) and answer after it. */
const AFTER_LAST_TIMER_MS = 2000;

/** A busy or stopping server is worth another try after this many seconds. RFC 3261 §20.33. */
const RETRY_AFTER: readonly HeaderField[] = [["Retry-After", "5"]];

export interface UasCoreOptions {
  readonly parts: EngineParts;
  readonly responses: ResponseSender;
  readonly supported: ReadonlySet<string>;
}

interface Served {
  readonly request: SipRequest;
  readonly responder: TransactionResponder;
}

/** The server side: matches requests to transactions, checks them, hands them to their handler, guards the one answer. RFC 3261 §8.2. */
export class UasCore implements ServerTransactionContext {
  readonly wheel: ServerTransactionContext["wheel"];
  readonly timers: ServerTransactionContext["timers"];
  readonly answerWithinMs: number;
  readonly #parts: EngineParts;
  readonly #responses: ResponseSender;
  readonly #supported: ReadonlySet<string>;
  readonly #handlers = new Map<string, { readonly handler: RequestHandler; readonly role: Role }>();
  readonly #table: TransactionTable<ServerTransaction>;
  /** The open transactions. */
  readonly #served = new Map<ServerTransaction, Served>();
  #refusing = false;
  #onIdle: (() => void) | undefined;

  constructor({ parts, responses, supported }: UasCoreOptions) {
    this.#parts = parts;
    this.#responses = responses;
    this.#supported = supported;
    this.wheel = parts.wheel;
    this.timers = parts.timers;
    this.answerWithinMs = transactionTimeoutMs(parts.timers) + AFTER_LAST_TIMER_MS;
    this.#table = new TransactionTable(parts.limits.maxServerTransactions);
  }

  get size(): number {
    return this.#table.size;
  }

  get open(): number {
    return this.#served.size;
  }

  get evictions(): number {
    return this.#table.evictions;
  }

  handle(method: string, handler: RequestHandler, { mayPassOn = false }: HandlerOptions = {}): void {
    this.#handlers.set(method, { handler, role: mayPassOn ? "either" : "server" });
  }

  onRequest(request: SipRequest): void {
    const key = serverTransactionKey(request);
    const known = this.#table.find(key);
    if (request.method === "ACK") this.#onAck(known);
    else if (known !== undefined) known.onRetransmission(request);
    else if (this.#refusing) this.#refuse(request);
    else if (this.#served.size >= this.#parts.limits.maxOpenServerTransactions) {
      this.#parts.quietLog.warn("request refused: too many are open", { method: request.method });
      this.#refuse(request);
    } else this.#serve(request, key);
  }

  /** From here on new requests are refused; resolves when every open one has its answer. */
  drain(): Promise<void> {
    this.#refusing = true;
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      if (this.#served.size === 0) resolve();
    });
  }

  discardAll(): void {
    this.#table.discardAll();
    this.#served.clear();
  }

  send(transaction: ServerTransaction, request: SipRequest, answer: StatusAnswer): void {
    this.#responses.send(request, answer, () => transaction.onTransportError());
  }

  /** The handler has forgotten the request, or waits for something that has no end. */
  onOverdue(transaction: ServerTransaction): void {
    const served = this.#served.get(transaction);
    if (served === undefined) return;
    this.#fail(served, "request never answered");
  }

  onCompleted(transaction: ServerTransaction): void {
    this.#served.delete(transaction);
    if (this.#served.size === 0) this.#onIdle?.();
  }

  onTerminated(transaction: ServerTransaction): void {
    this.#table.remove(transaction);
  }

  /** The ACK of a refusal ends here; there is none for other transactions, and the engine accepts no calls. RFC 3261 §17.2.1. */
  #onAck(known: ServerTransaction | undefined): void {
    if (known instanceof InviteServerTransaction) known.onAck();
  }

  #refuse(request: SipRequest): void {
    this.#responses.sendStateless(request, { status: 503, headers: RETRY_AFTER });
  }

  #serve(request: SipRequest, key: string): void {
    const transaction =
      request.method === "INVITE"
        ? new InviteServerTransaction(key, request, this)
        : new NonInviteServerTransaction(key, request, this);
    const responder = new TransactionResponder(request, transaction, this.#parts);
    this.#table.add(transaction);
    this.#served.set(transaction, { request, responder });
    if (request.method === "CANCEL") this.#cancel(request, responder);
    else this.#dispatch(request, responder);
  }

  #dispatch(request: SipRequest, responder: TransactionResponder): void {
    const row = this.#handlers.get(request.method) ?? this.#handlers.get("*");
    const refusal = sanityCheck(request, { supported: this.#supported, role: row?.role ?? "server" });
    if (refusal !== undefined) responder.respond(refusal.status, refusal);
    else if (row === undefined) responder.respond(405, { headers: [["Allow", this.#allowed()]] });
    else this.#run(row.handler, { request, responder });
  }

  /** A handler may return, or resolve, and its request be answered later; `onOverdue` sees to those that are forgotten. */
  #run(handler: RequestHandler, served: Served): void {
    try {
      handler(served.request, served.responder)?.catch((error: unknown) => this.#fail(served, "handler failed", error));
    } catch (error) {
      this.#fail(served, "handler failed", error);
    }
  }

  #fail({ request, responder }: Served, message: string, error?: unknown): void {
    const { callId, method } = request;
    this.#parts.log.error({ callId, method, err: error }, message);
    if (!responder.answered) responder.respond(500);
  }

  /** RFC 3261 §9.2. */
  #cancel(request: SipRequest, responder: TransactionResponder): void {
    const invite = this.#table.find(serverTransactionKey(request, "INVITE"));
    responder.respond(invite instanceof InviteServerTransaction ? 200 : 481);
    if (invite !== undefined) this.#served.get(invite)?.responder.cancel();
  }

  #allowed(): string {
    return [...this.#handlers.keys()].filter((method) => method !== "*").join(", ");
  }
}

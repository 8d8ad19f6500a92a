import type { Logger } from "pino";
import type { Answer, Responder } from "../engine.ts";
import type { SipRequest } from "../message.ts";
import type { BestResponse } from "./best-response.ts";
import type { RandomTokens } from "./random-tokens.ts";
import type { ServedAnswer, ServerTransaction } from "./server-transaction.ts";

/** The one final answer of one request: the first leaves, a second is our bug and is logged. RFC 3261 §8.2.6. */
export class TransactionResponder implements Responder {
  readonly #request: SipRequest;
  readonly #transaction: ServerTransaction;
  readonly #tokens: RandomTokens;
  readonly #log: Logger;
  #toTag = "";
  #ended: "no" | "answered" | "cancelled" | "abandoned" = "no";

  constructor(
    request: SipRequest,
    transaction: ServerTransaction,
    { tokens, log }: { tokens: RandomTokens; log: Logger },
  ) {
    this.#request = request;
    this.#transaction = transaction;
    this.#tokens = tokens;
    this.#log = log;
  }

  get answered(): boolean {
    return this.#ended !== "no";
  }

  respond(status: number, answer?: Answer): void {
    this.#send(status, this.#ownTag(status), answer);
  }

  /** Sends the answer of another server on, with the To tag that it chose: it may begin a dialog. RFC 3261 §16.7 step 9. */
  forward({ status, toTag, ...answer }: BestResponse): void {
    this.#send(status, toTag ?? this.#ownTag(status), answer);
  }

  /** The caller gave up its INVITE; what the handler answers later is not wanted any more. RFC 3261 §9.2. */
  cancel(): void {
    if (this.answered) return;
    this.respond(487);
    this.#ended = "cancelled";
  }

  /** Leaves the request without an answer, which a timeout must do: the client has given up already. RFC 4320 §4.2. */
  abandon(): void {
    if (this.answered) return;
    this.#ended = "abandoned";
    this.#transaction.abandon();
  }

  #send(status: number, toTag: string, answer: ServedAnswer | undefined): void {
    if (!Number.isInteger(status) || status < 100 || status > 699) throw new RangeError(`no SIP status: ${status}`);
    const { callId, method } = this.#request;
    if (this.#ended === "cancelled") return;
    if (this.#ended !== "no") {
      this.#log.error({ callId, method, status }, "second final answer dropped");
      return;
    }
    // RFC 4320 §4.1: no provisional answer to a non-INVITE request but the late 100, which its transaction sends.
    if (status < 200 && method !== "INVITE") return;
    if (status >= 200) this.#ended = "answered";
    this.#transaction.respond({ status, toTag, answer });
  }

  #ownTag(status: number): string {
    if (status === 100 || this.#request.to.tag !== undefined) return "";
    if (this.#toTag === "") this.#toTag = this.#tokens.tag();
    return this.#toTag;
  }
}

import type { Answer } from "../engine.ts";
import type { HeaderField } from "../header-fields.ts";
import type { SipRequest } from "../message.ts";
import type { EngineParts } from "./engine-parts.ts";
import { type Answerable, formatResponse } from "./format.ts";
import type { RefusedRequest } from "./parse.ts";
import type { StatusAnswer } from "./server-transaction.ts";
import type { Transports } from "./transports.ts";

/** A request that cannot be read, and what its sender is told. */
export interface Unreadable {
  readonly status: number;
  readonly why: string;
}

/** Any method whose answers never get the Record-Route of the request. */
const FORWARDED_METHOD = "MESSAGE";

/** From an answer to its bytes and to the wire. RFC 3261 §8.2.6, §18.2.2. */
export class ResponseSender {
  readonly #transports: Transports;
  readonly #serverField: HeaderField;
  readonly #onlyServerField: readonly HeaderField[];
  /** The same for every copy of a request that gets no transaction. RFC 3261 §8.2.7. */
  readonly #statelessTag: string;

  constructor({ serverName, tokens }: EngineParts, transports: Transports) {
    this.#transports = transports;
    this.#serverField = ["Server", serverName];
    this.#onlyServerField = [this.#serverField];
    this.#statelessTag = tokens.tag();
  }

  send(request: SipRequest, { status, toTag, answer }: StatusAnswer, onError: () => void): void {
    const forwarded = answer?.forwarded === true;
    const answerable: Answerable = forwarded
      ? { method: FORWARDED_METHOD, fields: request.fields, via: request.via }
      : request;
    const headers = forwarded ? answer.headers : this.#withServer(answer?.headers);
    const bytes = formatResponse(answerable, { ...answer, status, toTag, headers: headers ?? [] });
    this.#transports.sendResponse(bytes, request, onError);
  }

  /** Answers without a transaction: each copy of the request gets the same answer. ACK never gets one. */
  sendStateless(request: SipRequest, answer: Answer & { readonly status: number }): void {
    if (request.method === "ACK") return;
    this.#transports.sendResponse(this.#formatStateless(request, answer), request, () => {});
  }

  /** Answers what could not be read; only where it says who wants the answer. */
  sendRefusal(request: RefusedRequest, refusal: Unreadable): void {
    const { via, flow } = request;
    if (via === undefined) return;
    this.#transports.sendResponse(this.formatRefusal(request, refusal), { via, flow }, () => {});
  }

  /** A 400 says what is wrong. RFC 3261 §21.4.1. */
  formatRefusal(request: Answerable, { status, why }: Unreadable): Buffer {
    return this.#formatStateless(request, status === 400 ? { status, reason: why } : { status });
  }

  #formatStateless(request: Answerable, answer: Answer & { readonly status: number }): Buffer {
    return formatResponse(request, { ...answer, toTag: this.#statelessTag, headers: this.#withServer(answer.headers) });
  }

  #withServer(headers: readonly HeaderField[] | undefined): readonly HeaderField[] {
    return headers === undefined ? this.#onlyServerField : [...headers, this.#serverField];
  }
}

import type { Flow } from "./flow.ts";
import type { HeaderField } from "./header-fields.ts";
import type { SipRequest, SipResponse } from "./message.ts";

/** What a handler may add to an answer; Via, From, To (with tag), Call-ID, CSeq and Content-Length are the engine's. */
export interface Answer {
  readonly reason?: string; // default: the standard phrase of the status
  readonly headers?: readonly HeaderField[];
  readonly body?: Buffer;
}

/** Answers one request. Exactly one final answer leaves; a second one is a logged bug and is dropped. */
export interface Responder {
  respond(status: number, answer?: Answer): void;
  readonly answered: boolean;
}

/** A request of our own. Via, Max-Forwards, Call-ID, CSeq, tags and Content-Length are filled in where they are absent. */
export interface OutgoingRequest {
  readonly method: string;
  readonly uri: string;
  readonly from: string; // name-addr without tag, or with one to keep
  readonly to: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly headers?: readonly HeaderField[];
  readonly body?: Buffer;
  readonly flow?: Flow; // over this flow while it is open, else by Route or URI (RFC 3263)
  /** Final answer needed within this time, at most timer F (32 s); then 408. */
  readonly timeoutMs?: number;
  /** Too long for one datagram, and no stream leads there: not sent, 513 made here. RFC 3261 §18.1.1. */
  readonly neverFragmented?: boolean;
}

export interface ProxyTarget {
  readonly uri: string;
  readonly flow?: Flow;
}

export interface ProxyOptions {
  readonly responder: Responder;
  readonly targets: readonly ProxyTarget[]; // tried in parallel; the best final answer goes back (RFC 3261 §16.7)
  /** For the answer of each target, at most timer F (32 s). */
  readonly timeoutMs?: number;
  /** When no target has answered at all: the caller answers in the place of the proxy, before the sender gives up. */
  readonly onSilence?: () => void;
}

export interface HandlerOptions {
  readonly mayPassOn?: boolean;
}

export type RequestHandler = (request: SipRequest, responder: Responder) => void | Promise<void>;

/** A SIP stack as the gateway sees it. Dialog and subscription state never live in here. */
export interface SipEngine {
  /**
   * One handler a method; "*" takes the methods that have none (without it they get 405 with Allow). A handler that
   * `mayPassOn` requests checks Require itself where it answers them. RFC 3261 §8.2.2.3, §16.3.
   */
  on(method: string, handler: RequestHandler, options?: HandlerOptions): this;
  /** Opens every listener; rejects with the address that could not be opened. Gives the listeners as flows. */
  start(): Promise<readonly Flow[]>;
  /** Resolves with the final response (408 made locally on timer F, 503 on a transport error, 513 as asked for); never rejects for a SIP outcome. */
  request(outgoing: OutgoingRequest): Promise<SipResponse>;
  proxy(request: SipRequest, options: ProxyOptions): Promise<{ readonly status: number }>;
  onFlowClosed(listener: (flow: Flow) => void): void;
  /** New requests get 503 with Retry-After, open ones may finish within the grace; then everything is closed. */
  stop(graceMs?: number): Promise<void>;
}

import type { Endpoint, Flow } from "../flow.ts";
import type { HeaderField } from "../header-fields.ts";
import { formatHostPort } from "../host-port.ts";
import type { SipResponse } from "../message.ts";
import type { EngineParts } from "./engine-parts.ts";
import { formatRequest } from "./format.ts";
import { type Lookup, locate } from "./locate.ts";
import {
  type ClientOutcome,
  type ClientTransactionContext,
  NonInviteClientTransaction,
} from "./non-invite-client-transaction.ts";
import { StreamlessRemotes } from "./streamless-remotes.ts";
import { TransactionTable } from "./transaction-table.ts";
import type { Transports, Way } from "./transports.ts";

/** A request without its topmost Via, which depends on the way it takes. */
export interface Draft {
  readonly method: string;
  readonly uri: string;
  readonly fields: readonly HeaderField[];
  readonly body: Buffer;
  readonly neverFragmented?: boolean;
  /** A new one for each attempt. RFC 3263 §4.3. */
  readonly newBranch: () => string;
}

export interface Destination {
  /** Taken while it is open. */
  readonly flow: Flow | undefined;
  /** Else the topmost Route or the Request-URI. RFC 3261 §8.1.2. */
  readonly nextHop: string;
  readonly timeoutMs: number | undefined;
}

/** With no path MTU known, what is longer may be cut to pieces on its way. RFC 3261 §18.1.1. */
const MAX_DATAGRAM_REQUEST_BYTES = 1300;

const CLOSED = "the engine is not running";

export interface RequestSenderOptions {
  readonly parts: EngineParts;
  readonly transports: Transports;
  readonly lookup: Lookup;
  readonly now: () => number;
}

/** The client side: from a request to its way, its transaction and its one outcome. RFC 3261 §8.1.2, §17.1, §18.1.1. */
export class RequestSender {
  readonly #parts: EngineParts;
  readonly #transports: Transports;
  readonly #lookup: Lookup;
  readonly #table: TransactionTable<NonInviteClientTransaction>;
  /** One for all: a closure made beside a request's bytes would keep them alive for as long as timer K runs. */
  readonly #context: ClientTransactionContext;
  readonly #streamless: StreamlessRemotes;
  /** Those waiting for an answer, by the stream connection that the answer should come over. */
  readonly #byConnection = new Map<string, Set<NonInviteClientTransaction>>();
  #open = 0;
  #closed = true; // until the listeners are open: a socket that sends before that is bound to another port
  #onIdle: (() => void) | undefined;

  constructor({ parts, transports, lookup, now }: RequestSenderOptions) {
    this.#parts = parts;
    this.#transports = transports;
    this.#lookup = lookup;
    // Completed ones only wait for late copies of their answer (timer K); as many as may be open.
    this.#table = new TransactionTable(2 * parts.limits.maxClientTransactions);
    this.#context = { wheel: parts.wheel, timers: parts.timers, onTerminated: (ended) => this.#table.remove(ended) };
    this.#streamless = new StreamlessRemotes(parts.limits.maxStreamlessRemotes, now);
  }

  get open(): number {
    return this.#open;
  }

  /** The listeners are open. */
  start(): void {
    this.#closed = false;
  }

  /** Never rejects. The next address of a name is tried when the way to one fails. RFC 3263 §4.3. */
  async send(draft: Draft, { flow, nextHop, timeoutMs }: Destination): Promise<ClientOutcome> {
    if (this.#closed) return { kind: "transportError", why: CLOSED };
    if (this.#open >= this.#parts.limits.maxClientTransactions) {
      this.#parts.quietLog.warn("request not sent: too many are open", { method: draft.method });
      return { kind: "transportError", why: "too many requests are open" };
    }
    const stored = flow === undefined ? undefined : this.#transports.wayOver(flow);
    if (stored !== undefined) return this.#transact(draft, stored, timeoutMs);
    const located = await locate(nextHop, this.#lookup);
    if (!located.ok) return { kind: "transportError", why: located.why };
    let outcome: ClientOutcome = { kind: "transportError", why: "the next hop cannot be reached" };
    for (const { protocol, remote } of located.hops) {
      const way = await this.#transports.wayTo(protocol, remote);
      if (way === undefined) continue;
      outcome = await this.#transact(draft, way, timeoutMs);
      if (outcome.kind !== "transportError") return outcome;
    }
    return outcome;
  }

  /** RFC 3261 §17.1.3: by branch and CSeq method. False: a stray. */
  onResponse(response: SipResponse): boolean {
    const { branch } = response.via;
    const transaction = branch === undefined ? undefined : this.#table.find(branch);
    if (transaction === undefined || transaction.method !== response.cseq.method) return false;
    transaction.onResponse(response);
    return true;
  }

  /** What waits for an answer over this connection will not get it. */
  onConnectionClosed({ connection }: Flow): void {
    if (connection === undefined) return;
    const waiting = this.#byConnection.get(connection);
    for (const transaction of waiting ?? []) transaction.onTransportError("the connection was closed");
  }

  /** Resolves when nothing waits for an answer. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      if (this.#open === 0) resolve();
    });
  }

  /** Nothing is sent from here on, and what waits ends as if its transport had failed. */
  close(): void {
    this.#closed = true;
    for (const transaction of this.#table.all()) transaction.onTransportError(CLOSED);
    this.#table.discardAll();
  }

  async #transact(draft: Draft, first: Way, timeoutMs: number | undefined): Promise<ClientOutcome> {
    const branch = draft.newBranch();
    let way = first;
    let bytes = formatOver(draft, way, branch);
    if (way.flow.protocol === "udp" && bytes.length > MAX_DATAGRAM_REQUEST_BYTES) {
      const stream = await this.#streamTo(way.flow.remote);
      if (stream !== undefined) {
        way = stream;
        bytes = formatOver(draft, way, branch);
      } else if (draft.neverFragmented) {
        return { kind: "tooLong" };
      }
    }
    return this.#exchange(draft.method, { way, bytes, branch, timeoutMs });
  }

  #exchange(method: string, { way, bytes, branch, timeoutMs }: Sent): Promise<ClientOutcome> {
    if (this.#closed) return Promise.resolve({ kind: "transportError", why: CLOSED });
    return new Promise((resolve) => {
      const onError = (error: Error) => transaction.onTransportError(error.message);
      const onOutcome = (outcome: ClientOutcome) => {
        this.#open -= 1;
        this.#unlink(way.flow, transaction);
        resolve(outcome);
        if (this.#open === 0) this.#onIdle?.();
      };
      const reliable = way.flow.protocol !== "udp";
      const transaction = new NonInviteClientTransaction(
        { branch, method, reliable, timeoutMs, resend: () => way.send(bytes, onError), onOutcome },
        this.#context,
      );
      this.#open += 1;
      this.#table.add(transaction);
      this.#link(way.flow, transaction);
      way.send(bytes, onError);
    });
  }

  /** TCP at the same address and port; a remote that has none is not asked again for a while. RFC 3261 §18.1.1. */
  async #streamTo(remote: Endpoint): Promise<Way | undefined> {
    if (!this.#transports.supports("tcp") || this.#streamless.has(remote)) return undefined;
    const way = await this.#transports.wayTo("tcp", remote);
    if (way === undefined) this.#streamless.add(remote);
    return way;
  }

  #link({ connection }: Flow, transaction: NonInviteClientTransaction): void {
    if (connection === undefined) return;
    const waiting = this.#byConnection.get(connection) ?? new Set();
    waiting.add(transaction);
    this.#byConnection.set(connection, waiting);
  }

  #unlink({ connection }: Flow, transaction: NonInviteClientTransaction): void {
    const waiting = connection === undefined ? undefined : this.#byConnection.get(connection);
    if (connection === undefined || waiting === undefined) return;
    waiting.delete(transaction);
    if (waiting.size === 0) this.#byConnection.delete(connection);
  }
}

interface Sent {
  readonly way: Way;
  readonly bytes: Buffer;
  readonly branch: string;
  readonly timeoutMs: number | undefined;
}

/** `rport` asks for the answer at the source port, which a NAT before us needs. RFC 3581 §3. */
function formatOver({ method, uri, fields, body }: Draft, { flow, sentBy }: Way, branch: string): Buffer {
  const hostPort = formatHostPort({ host: sentBy.address, port: sentBy.port });
  const via = `SIP/2.0/${flow.protocol.toUpperCase()} ${hostPort};branch=${branch};rport`;
  return formatRequest({ method, uri, fields: [["Via", via], ...fields], body });
}

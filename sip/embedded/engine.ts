import { promises as dns } from "node:dns";
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { HandlerOptions, OutgoingRequest, ProxyOptions, RequestHandler, SipEngine } from "../engine.ts";
import type { Flow } from "../flow.ts";
import type { SipResponse } from "../message.ts";
import { DEFAULT_SIP_PORT, isWildcard, type ListenAddress } from "./endpoint.ts";
import type { EngineParts } from "./engine-parts.ts";
import { DEFAULT_LIMITS, type EngineLimits } from "./limits.ts";
import { localAddressTowards } from "./local-address.ts";
import type { Lookup } from "./locate.ts";
import { parseMessage } from "./parse.ts";
import { ProxyCore } from "./proxy.ts";
import { type FillRandom, RandomTokens } from "./random-tokens.ts";
import { RateLimitedLog } from "./rate-limited-log.ts";
import { RequestSender } from "./request-sender.ts";
import { ResponseSender } from "./response-sender.ts";
import type { FramingFault } from "./tcp-connection.ts";
import { TimerWheel } from "./timer-wheel.ts";
import { RFC_TIMERS, type TimerValues } from "./timers.ts";
import { Transports } from "./transports.ts";
import { UacCore } from "./uac-core.ts";
import { UasCore } from "./uas-core.ts";

export interface EmbeddedSipEngineOptions {
  readonly listen: readonly ListenAddress[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: FillRandom; // default: the system's
  readonly limits?: Partial<EngineLimits>;
  readonly timers?: TimerValues; // default: those of RFC 3261
  readonly serverName?: string; // default: "Parley"
  readonly supported?: readonly string[]; // option tags that a request may require (RFC 3261 §8.2.2.3)
  readonly hosts?: readonly string[]; // names of this engine in Route, besides its listeners
  readonly lookup?: Lookup; // default: the system's resolver
}

/** What an operator wants to see of an engine. */
export interface EngineCounters {
  readonly openServerTransactions: number;
  readonly serverTransactions: number;
  readonly evictedServerTransactions: number;
  readonly openClientTransactions: number;
  readonly unreadMessages: number;
  readonly strayResponses: number;
}

const systemLookup: Lookup = (host) => dns.lookup(host, { all: true });

/** Our own SIP stack: transports, transactions and the cores of RFC 3261 put together. */
export class EmbeddedSipEngine implements SipEngine {
  readonly #options: EmbeddedSipEngineOptions;
  readonly #parts: EngineParts;
  readonly #transports: Transports;
  readonly #responses: ResponseSender;
  readonly #sender: RequestSender;
  readonly #uas: UasCore;
  readonly #uac: UacCore;
  readonly #proxy: ProxyCore;
  readonly #flowListeners: ((flow: Flow) => void)[] = [];
  #listeners: readonly Flow[] = [];
  #unreadMessages = 0;
  #strayResponses = 0;

  constructor(options: EmbeddedSipEngineOptions) {
    const { clock, log } = options;
    this.#options = options;
    const tokens = new RandomTokens(options.random);
    this.#parts = {
      wheel: new TimerWheel(clock),
      timers: options.timers ?? RFC_TIMERS,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      tokens,
      log,
      quietLog: new RateLimitedLog(log, clock),
      serverName: options.serverName ?? "Parley",
    };
    this.#transports = this.#makeTransports();
    this.#responses = new ResponseSender(this.#parts, this.#transports);
    const supported = new Set((options.supported ?? []).map((tag) => tag.toLowerCase()));
    this.#uas = new UasCore({ parts: this.#parts, responses: this.#responses, supported });
    this.#sender = new RequestSender({
      parts: this.#parts,
      transports: this.#transports,
      lookup: options.lookup ?? systemLookup,
      now: () => clock.now(),
    });
    this.#uac = new UacCore({ parts: this.#parts, sender: this.#sender, ownFlow: () => this.#ownFlow() });
    this.#proxy = new ProxyCore({
      sender: this.#sender,
      tokens,
      isOwnHost: (host, port) => this.#isOwnHost(host, port),
      realms: options.hosts ?? [], // the realm of a domain is its name
    });
  }

  /**
   * A handler may return, or resolve, and answer later; what is open 34 s after its arrival gets 500, what throws or
   * rejects gets it at once. INVITE: a handler may refuse a call; the 2xx of one that it accepts is not repeated
   * (RFC 3261 §13.3.1.4).
   */
  on(method: string, handler: RequestHandler, options?: HandlerOptions): this {
    this.#uas.handle(method, handler, options);
    return this;
  }

  async start(): Promise<readonly Flow[]> {
    this.#listeners = await this.#transports.open();
    this.#sender.start();
    return this.#listeners;
  }

  request(outgoing: OutgoingRequest): Promise<SipResponse> {
    return this.#uac.request(outgoing);
  }

  proxy(request: Parameters<SipEngine["proxy"]>[0], options: ProxyOptions): Promise<{ readonly status: number }> {
    return this.#proxy.proxy(request, options);
  }

  onFlowClosed(listener: (flow: Flow) => void): void {
    this.#flowListeners.push(listener);
  }

  async stop(graceMs = 0): Promise<void> {
    this.#transports.stopListening();
    const drained = Promise.all([this.#uas.drain(), this.#sender.drain()]);
    if (graceMs > 0) await this.#within(graceMs, drained);
    this.#uas.discardAll();
    this.#sender.close();
    this.#parts.wheel.stop();
    await this.#transports.close();
  }

  counters(): EngineCounters {
    return {
      openServerTransactions: this.#uas.open,
      serverTransactions: this.#uas.size,
      evictedServerTransactions: this.#uas.evictions,
      openClientTransactions: this.#sender.open,
      unreadMessages: this.#unreadMessages,
      strayResponses: this.#strayResponses,
    };
  }

  /** Resolves with `done`, or when the time is over. */
  #within(timeoutMs: number, done: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(timeoutMs, resolve);
      void done.then(() => {
        cancel();
        resolve();
      });
    });
  }

  #makeTransports(): Transports {
    return new Transports({
      ...this.#parts,
      listen: this.#options.listen,
      connectionPrefix: this.#parts.tokens.tag(),
      onMessage: (bytes, flow) => this.#onMessage(bytes, flow),
      onFault: (fault, flow) => this.#onFault(fault, flow),
      onFlowClosed: (flow) => this.#onFlowClosed(flow),
    });
  }

  /** The last wall: a mistake of ours in the way of one message costs that message alone. */
  #onMessage(bytes: Buffer, flow: Flow): void {
    try {
      this.#route(bytes, flow);
    } catch (error) {
      this.#parts.log.error({ err: error, flow }, "message not handled");
    }
  }

  #route(bytes: Buffer, flow: Flow): void {
    const read = parseMessage(bytes, flow, this.#parts.limits);
    if (!read.ok) {
      this.#unreadMessages += 1;
      this.#parts.quietLog.warn("message not readable", { why: read.why, remote: flow.remote });
      if (read.status !== undefined && read.request !== undefined) {
        this.#responses.sendRefusal(read.request, { status: read.status, why: read.why });
      }
    } else if (read.message.kind === "request") this.#uas.onRequest(read.message);
    else if (!this.#sender.onResponse(read.message)) this.#strayResponses += 1;
  }

  /** RFC 3261 §18.3: a message whose end cannot be known is answered from its head. */
  #onFault({ status, why, head }: FramingFault, flow: Flow): Buffer | undefined {
    this.#unreadMessages += 1;
    this.#parts.quietLog.warn("stream not readable", { why, remote: flow.remote });
    const read = parseMessage(head, flow, this.#parts.limits);
    const request = read.ok ? read.message : read.request;
    if (request === undefined || !("method" in request) || request.method === "ACK") return undefined;
    return this.#responses.formatRefusal(request, { status, why });
  }

  #onFlowClosed(flow: Flow): void {
    this.#sender.onConnectionClosed(flow);
    for (const listener of this.#flowListeners) listener(flow);
  }

  #ownFlow(): Flow {
    const nowhere = { address: "0.0.0.0", port: 0 };
    return this.#listeners[0] ?? { protocol: "udp", local: nowhere, remote: nowhere };
  }

  #isOwnHost(host: string, port = DEFAULT_SIP_PORT): boolean {
    const named = this.#options.hosts?.includes(host.toLowerCase()) === true;
    return this.#listeners.some(({ local }) => local.port === port && (named || isOwnAddress(host, local.address)));
  }
}

function isOwnAddress(host: string, listener: string): boolean {
  return isWildcard(listener) ? localAddressTowards(host) === host : host === listener;
}

import type { Element } from "@xmpp/xml";
import xml from "@xmpp/xml";
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";
import { Backoff } from "./backoff.ts";
import { BarrierWatch, WATCH_EVERY_MS } from "./barrier-watch.ts";
import { ComponentStream, type StreamEnd } from "./component-stream.ts";
import { Inbound } from "./inbound.ts";
import { IqTracker } from "./iq-tracker.ts";
import type { LinkLimits } from "./limits.ts";
import type { IqAnswer, LinkState, LinkStatus, QueuedStanza, SendOptions, XmppLink } from "./link.ts";
import { prepareStanza } from "./outbound-stanza.ts";
import { type Barrier, Outbox } from "./outbox.ts";
import type { GatewayIdentity } from "./server-queries.ts";

export interface ComponentLinkOptions {
  readonly server: { readonly host: string; readonly port: number };
  readonly domain: string; // of the component, canonical
  readonly secret: string;
  /** A virtual host of that server: it answers the pings that serve as barriers. */
  readonly barrierTo: string;
  readonly identity: GatewayIdentity;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly limits: LinkLimits;
}

/** An IQ request waits this long by default: a remote server may first have to be connected. */
const IQ_TIMEOUT_MS = 30_000;
/** A server that is well answers the last barrier within milliseconds. */
const STOP_GRACE_MS = 2_000;
/** For the closing tag of the server, which changes nothing any more. */
const CLOSE_GRACE_MS = 500;

const NOT_QUEUED: QueuedStanza = { cancel: () => false };

/** The link over one `ComponentStream` after another. All that happens in one event-loop turn leaves in one write. */
export class ComponentLink implements XmppLink {
  readonly domain: string;
  readonly #options: ComponentLinkOptions;
  readonly #server: string;
  readonly #outbox: Outbox;
  readonly #tracker: IqTracker;
  readonly #inbound: Inbound;
  readonly #backoff: Backoff;
  readonly #statusListeners: ((status: LinkStatus) => void)[] = [];
  #state: LinkState = "stopped";
  #since: number;
  #problem: string | undefined = "not started";
  #stream: ComponentStream | undefined;
  #watch: BarrierWatch;
  #stopTimer: () => void = () => undefined; // of the one timer that each state has
  #flushScheduled = false;
  #probe = false; // the next flush asks for a barrier
  #heard = false; // stanzas have come since the last flush
  #stopping = false;
  #wakeStop: () => void = () => undefined; // `stop` looks again

  constructor(options: ComponentLinkOptions) {
    const { domain, server, clock, random, limits, log, identity } = options;
    this.domain = domain;
    this.#options = options;
    this.#server = `${server.host}:${server.port}`;
    this.#since = clock.now();
    this.#outbox = new Outbox({ limits, newBarrier: () => this.#newBarrier() });
    this.#tracker = new IqTracker({ clock, limit: limits.pendingRequests });
    this.#backoff = new Backoff(random);
    this.#watch = new BarrierWatch(limits);
    this.#inbound = new Inbound({
      domain,
      identity,
      log,
      onAnswer: (stanza) => this.#onBarrierAnswer(stanza) || this.#tracker.receive(stanza),
      send: (stanza) => this.send(stanza),
    });
  }

  status(): LinkStatus {
    return {
      state: this.#state,
      domain: this.domain,
      server: this.#server,
      since: this.#since,
      problem: this.#problem,
      queued: this.#outbox.queued,
      unconfirmed: this.#outbox.unconfirmed,
    };
  }

  onStanza(listener: (stanza: Element) => void): void {
    this.#inbound.listen(listener);
  }

  onStatus(listener: (status: LinkStatus) => void): void {
    this.#statusListeners.push(listener);
  }

  start(): void {
    if (this.#state === "stopped" && !this.#stopping) {
      this.#connect();
    }
  }

  async stop(graceMs: number = STOP_GRACE_MS): Promise<void> {
    if (this.#stopping) {
      return;
    }
    this.#stopping = true;
    if (this.#state === "online") {
      this.#scheduleFlush();
      await this.#waitUntil(() => this.#outbox.queued + this.#outbox.unconfirmed === 0, graceMs);
    }
    this.#outbox.stop();
    this.#stream?.close();
    await this.#waitUntil(() => this.#stream === undefined, this.#state === "online" ? CLOSE_GRACE_MS : 0);
    this.#stream?.destroy("stopped");
    this.#enter("stopped", "stopped");
    this.#tracker.disconnected();
    this.#tellSenders();
  }

  send(stanza: Element, { settled }: SendOptions = {}): QueuedStanza {
    this.#scheduleFlush();
    const { domain } = this;
    const { limits, log } = this.#options;
    const prepared = prepareStanza(stanza, { domain, limits });
    if (!prepared.ok) {
      const { from, to, id } = stanza.attrs;
      log.warn({ stanza: stanza.name, from, to, id, why: prepared.why }, "stanza refused");
      this.#outbox.refuse(prepared.why, settled);
      return NOT_QUEUED;
    }
    const queued = this.#outbox.enqueue(prepared.value, settled);
    return {
      cancel: () => {
        this.#scheduleFlush();
        return queued.cancel();
      },
    };
  }

  iq(request: Element, timeoutMs: number = IQ_TIMEOUT_MS): Promise<IqAnswer> {
    const id = this.#options.random.token();
    const to = request.attrs["to"] ?? "";
    request.attrs["id"] = id;
    return new Promise((resolve) => {
      let queued = NOT_QUEUED;
      const answer = (answered: IqAnswer): void => {
        queued.cancel(); // nobody waits any more for one that has not left
        resolve(answered);
      };
      if (!this.#tracker.track({ to, id, timeoutMs, answer })) {
        resolve({ ok: false, why: "refused" });
        return;
      }
      queued = this.send(request, {
        settled: (handover) => {
          if (handover.outcome !== "processed") {
            this.#tracker.refused(to, id);
          }
        },
      });
    });
  }

  #connect(): void {
    const { server, domain, secret, limits, clock } = this.#options;
    this.#enter("connecting", this.#problem === "not started" ? `connecting to ${this.#server}` : this.#problem);
    const stream = new ComponentStream(
      { server, domain, secret, limits },
      {
        onOnline: () => this.#onOnline(),
        onStanza: (stanza) => this.#onStanza(stanza),
        onUnreadable: (unreadable) => this.#inbound.receiveUnreadable(unreadable),
        onEnd: (end) => this.#onEnd(end),
      },
    );
    this.#stream = stream;
    const silence = `${this.#server} accepts the connection but is not answering as an XMPP server`;
    this.#stopTimer = clock.after(limits.handshakeWithinMs, () => stream.destroy(silence));
    stream.open();
  }

  #onOnline(): void {
    const { log, limits } = this.#options;
    this.#enter("online", undefined);
    log.info({ domain: this.domain, server: this.#server }, "XMPP link online");
    this.#watch = new BarrierWatch(limits);
    this.#watchLater();
    this.#outbox.wentOnline();
    this.#probe = true; // proves that the barrier's host answers, before there is traffic
    this.#scheduleFlush();
  }

  #onEnd(end: StreamEnd): void {
    const { clock, log } = this.#options;
    const wasOnline = this.#state === "online";
    this.#stream = undefined;
    if (this.#outbox.wentOffline(end)) {
      log.error(
        { domain: this.domain, problem: end.problem },
        "stanza set aside: it ends the stream each time it is sent",
      );
    }
    if (wasOnline) {
      this.#tracker.disconnected();
    }
    this.#tellSenders();
    if (this.#stopping) {
      this.#wakeStop();
      return;
    }
    const delayMs = this.#backoff.next(end.retry);
    this.#enter("waiting", end.problem);
    // Somebody must act on a wrong setting; a server that is away comes back by itself.
    const level = end.retry === "configuration" ? "error" : "warn";
    log[level]({ domain: this.domain }, `${end.problem}; trying again in ${(delayMs / 1000).toFixed(1)} s`);
    this.#stopTimer = clock.after(delayMs, () => this.#connect());
  }

  #onStanza(stanza: Element): void {
    this.#heard = true;
    this.#scheduleFlush();
    this.#inbound.receive(stanza);
  }

  #onBarrierAnswer({ attrs }: Element): boolean {
    if (attrs["from"] !== this.#options.barrierTo || !this.#outbox.answered(attrs["id"] ?? "")) {
      return false;
    }
    this.#backoff.reset();
    this.#tellSenders();
    this.#wakeStop();
    return true;
  }

  #newBarrier(): Barrier {
    const id = this.#options.random.token();
    const attrs = { type: "get", id, from: this.domain, to: this.#options.barrierTo };
    return { id, text: xml("iq", attrs, xml("ping", { xmlns: "urn:xmpp:ping" })).toString() };
  }

  #watchLater(): void {
    this.#stopTimer = this.#options.clock.after(WATCH_EVERY_MS, () => {
      const verdict = this.#watch.tick(this.#outbox.openBarrier);
      if (verdict === "silent") {
        this.#stream?.destroy(
          `${this.#options.barrierTo} at ${this.#server} is not answering; check that it is one of its hosts`,
        );
        return;
      }
      if (verdict === "probe") {
        this.#probe = true;
        this.#scheduleFlush();
      }
      this.#watchLater();
    });
  }

  #scheduleFlush(): void {
    if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      setImmediate(() => this.#flush());
    }
  }

  #flush(): void {
    this.#flushScheduled = false;
    if (this.#stopping && this.#state === "stopped") {
      this.#outbox.stop();
    }
    const text = this.#outbox.take(this.#probe);
    this.#probe = false;
    if (text !== "") {
      this.#stream?.write(text);
    } else if (this.#heard) {
      // Carries the TCP acknowledgement. Without it a server with Nagle's algorithm holds its next stanza for up to the
      // 40 ms that the kernel delays acknowledgements.
      this.#stream?.write(" ");
    }
    this.#heard = false;
    this.#tellSenders();
  }

  #tellSenders(): void {
    for (const { settled, handover } of this.#outbox.takeSettlements()) {
      try {
        settled(handover);
      } catch (error) {
        this.#options.log.error({ err: error }, "a handover listener failed");
      }
    }
  }

  #enter(state: LinkState, problem: string | undefined): void {
    this.#stopTimer();
    this.#stopTimer = () => undefined;
    this.#state = state;
    this.#problem = problem;
    this.#since = this.#options.clock.now();
    const status = this.status();
    for (const listener of this.#statusListeners) {
      listener(status);
    }
  }

  /** Resolves when `done` holds at one of the calls of `#wakeStop`, or after `graceMs`. */
  #waitUntil(done: () => boolean, graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const stopTimer = this.#options.clock.after(graceMs, () => resolve());
      this.#wakeStop = () => {
        if (done() || this.#stream === undefined) {
          stopTimer();
          resolve();
        }
      };
      this.#wakeStop();
    });
  }
}

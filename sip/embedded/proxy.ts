import { createHmac } from "node:crypto";
import { parseCredentials } from "../digest-fields.ts";
import type { ProxyOptions, ProxyTarget } from "../engine.ts";
import type { HeaderField } from "../header-fields.ts";
import { canonicalName } from "../header-fields.ts";
import type { SipRequest } from "../message.ts";
import { parseNameAddr } from "../name-addr.ts";
import { type SanityAnswer, sanityCheck } from "../sanity-check.ts";
import { isSipUri, parseUri } from "../uri.ts";
import { parseVia } from "../via.ts";
import { type BestResponse, bestResponse, isDecisive } from "./best-response.ts";
import type { ClientOutcome } from "./non-invite-client-transaction.ts";
import { MAGIC_COOKIE, type RandomTokens } from "./random-tokens.ts";
import type { Draft, RequestSender } from "./request-sender.ts";
import { TransactionResponder } from "./responder.ts";

/** Where no Max-Forwards stands. RFC 3261 §16.6 step 3. */
const DEFAULT_MAX_FORWARDS = 70;

/** The branches of one fork; a user has a handful of devices. RFC 5393 §5 lets a fork be refused rather than amplified. */
const MAX_TARGETS = 20;

export interface ProxyCoreOptions {
  readonly sender: RequestSender;
  readonly tokens: RandomTokens;
  /** Whether a Route leads to this engine. */
  readonly isOwnHost: (host: string, port: number | undefined) => boolean;
  readonly realms: readonly string[]; // in lower case
}

/** `isSilence`: no target has answered, the best answer is the proxy's own. */
interface Forked {
  readonly best: BestResponse;
  readonly isSilence: boolean;
}

/** A stateful proxy for non-INVITE requests. RFC 3261 §16. */
export class ProxyCore {
  readonly #sender: RequestSender;
  readonly #tokens: RandomTokens;
  /** Makes our branches recognisable to us alone. */
  readonly #loopSecret: Buffer;
  readonly #isOwnHost: ProxyCoreOptions["isOwnHost"];
  readonly #realms: ReadonlySet<string>;

  constructor(options: ProxyCoreOptions) {
    this.#sender = options.sender;
    this.#tokens = options.tokens;
    this.#loopSecret = options.tokens.secret();
    this.#isOwnHost = options.isOwnHost;
    this.#realms = new Set(options.realms);
  }

  /** Forks to every target at once; the best answer goes back, a mere timeout does not (RFC 4320 §4.2). */
  async proxy(request: SipRequest, options: ProxyOptions): Promise<{ readonly status: number }> {
    const { responder, targets, onSilence } = options;
    const hash = this.#loopHash(request);
    const refusal = this.#refusal(request, hash, targets);
    if (refusal !== undefined) {
      responder.respond(refusal.status, refusal);
      return { status: refusal.status };
    }
    const { best, isSilence } = await this.#fork(request, hash, options);
    if (isSilence && onSilence !== undefined) onSilence();
    else if (best.status === 408 && responder instanceof TransactionResponder) responder.abandon();
    else if (responder instanceof TransactionResponder) responder.forward(best);
    else responder.respond(best.status, best);
    return { status: best.status };
  }

  /** RFC 3261 §16.3. */
  #refusal(request: SipRequest, hash: string, targets: readonly ProxyTarget[]): SanityAnswer | undefined {
    if (request.method === "INVITE") return { status: 501 };
    const refusal = sanityCheck(request, { supported: new Set(), role: "proxy" });
    if (refusal !== undefined) return refusal;
    if (this.#hasPassedHere(request, hash)) return { status: 482 };
    if (targets.length === 0) return { status: 480 };
    return targets.length > MAX_TARGETS ? { status: 440, reason: "Max-Breadth Exceeded" } : undefined;
  }

  /** Resolves with the first 2xx, else when every branch has ended. RFC 3261 §16.7. */
  #fork(request: SipRequest, hash: string, { targets, timeoutMs }: ProxyOptions): Promise<Forked> {
    const { fields, route } = this.#forwardedFields(request);
    const outcomes: ClientOutcome[] = [];
    return new Promise((resolve) => {
      const collect = (outcome: ClientOutcome) => {
        outcomes.push(outcome);
        if (!isDecisive(outcome) && outcomes.length < targets.length) return;
        const isSilence = outcomes.every(({ kind }) => kind !== "response");
        resolve({ best: bestResponse(outcomes), isSilence });
      };
      for (const { uri, flow } of targets) {
        const newBranch = () => `${MAGIC_COOKIE}${hash}.${this.#tokens.branchTail()}`;
        const draft: Draft = { method: request.method, uri, fields, body: request.body, newBranch };
        void this.#sender.send(draft, { flow, nextHop: route ?? uri, timeoutMs }).then(collect);
      }
    });
  }

  /** The copy: one hop less, without our own Route and without the credentials meant for us. RFC 3261 §16.4, §16.6. */
  #forwardedFields(request: SipRequest): {
    readonly fields: readonly HeaderField[];
    readonly route: string | undefined;
  } {
    const fields: HeaderField[] = [["Max-Forwards", String((request.maxForwards ?? DEFAULT_MAX_FORWARDS + 1) - 1)]];
    const routes = [...request.fields.list("route")];
    const [first] = routes;
    if (first !== undefined && this.#leadsHere(first)) routes.shift();
    for (const field of request.fields.entries()) {
      const name = canonicalName(field[0]);
      if (name !== "max-forwards" && name !== "route" && !this.#isMeantForUs(name, field[1])) fields.push(field);
    }
    for (const route of routes) fields.push(["Route", route]);
    const [next] = routes;
    const nextHop = next === undefined ? undefined : parseNameAddr(next);
    return { fields, route: nextHop?.ok === true ? nextHop.value.uri : next };
  }

  /** Credentials in one of our realms are used up; those for other proxies go on. RFC 3261 §22.3. */
  #isMeantForUs(name: string, value: string): boolean {
    if (name !== "authorization" && name !== "proxy-authorization") return false;
    const credentials = parseCredentials(value);
    return credentials.ok && this.#realms.has(credentials.value.realm.toLowerCase());
  }

  #leadsHere(route: string): boolean {
    const address = parseNameAddr(route);
    const uri = address.ok ? parseUri(address.value.uri) : undefined;
    if (uri?.ok !== true || !isSipUri(uri.value)) return false;
    return this.#isOwnHost(uri.value.host, uri.value.port);
  }

  /**
   * What the routing of this request depends on, keyed so that nobody else can make it: the same hash in a Via below
   * means that the request has come back unchanged. RFC 3261 §16.6 step 8, RFC 5393 §4.2.
   */
  #loopHash({ uri, callId, from, to, cseq, fields }: SipRequest): string {
    const routing = [uri, callId, from.tag, to.tag, String(cseq.number)];
    for (const name of ["route", "proxy-require", "proxy-authorization"]) routing.push(...fields.all(name));
    return createHmac("sha256", this.#loopSecret).update(routing.join("\n"), "latin1").digest("hex").slice(0, 16);
  }

  #hasPassedHere({ fields }: SipRequest, hash: string): boolean {
    return fields.list("via").some((value) => {
      const via = parseVia(value);
      return via.ok && via.value.branch?.startsWith(`${MAGIC_COOKIE}${hash}.`) === true;
    });
  }
}

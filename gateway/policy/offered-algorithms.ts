import type { DigestAlgorithm } from "../../sip/digest-fields.ts";
import type { SipRequest } from "../../sip/message.ts";
import type { Clock } from "../clock.ts";

/** Strongest first. RFC 8760 §2.3. */
const ALL: readonly DigestAlgorithm[] = ["SHA-256", "MD5"];
const MD5_ALONE: readonly DigestAlgorithm[] = ["MD5"];

/**
 * RFC 8760 asks a phone to skip the challenges it does not know; these give up instead, wherever SHA-256 stands.
 * COMPAT(baresip 1.0): "Function not implemented"; test/scenarios/im-baresip-and-slixmpp.test.ts.
 * COMPAT(sipp 3.6): reads the first challenge alone; test/scenarios/sipp-register.test.ts.
 */
const GIVES_UP_ON_SHA_256 = [/^baresip v?[01]\./i, /^sipp/i];

/** A challenge is answered within a round trip, some T1 (RFC 3261 §17.1.1.1); what has not come by now will not come. */
const ANSWERED_WITHIN_MS = 2_000;

/** About 300 bytes each. A phone that drops out costs its user one more failed attempt. */
const MAX_REMEMBERED = 10_000;

const MAX_AGENT_LENGTH = 100; // enough to tell two phones behind one port apart

/** What a phone was offered, and whether it has answered with credentials since. */
interface Offer {
  readonly algorithms: readonly DigestAlgorithm[];
  readonly at: number;
  readonly answered: boolean;
}

/** Offers each phone what it understands: SHA-256 and MD5, or MD5 alone to one that gave up on both. */
export class OfferedAlgorithms {
  readonly #clock: Pick<Clock, "now">;
  readonly #offers = new Map<string, Offer>(); // oldest first

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** For a request without credentials. */
  toNewcomer(request: SipRequest, claimed: string): readonly DigestAlgorithm[] {
    if (isKnownToGiveUp(request)) return MD5_ALONE;
    const phone = phoneOf(request, claimed);
    const before = this.#offers.get(phone);
    if (before !== undefined && !this.#hasGivenUp(before, request)) return before.algorithms;
    const algorithms = before === undefined ? ALL : MD5_ALONE;
    this.#remember(phone, { algorithms, at: this.#clock.now(), answered: false });
    return algorithms;
  }

  /** For a request whose credentials were not good enough: what it was offered it understood. */
  toAnswerer(request: SipRequest, claimed: string): readonly DigestAlgorithm[] {
    if (isKnownToGiveUp(request)) return MD5_ALONE;
    return this.#offers.get(phoneOf(request, claimed))?.algorithms ?? ALL;
  }

  /** A phone that has answered understands what it was offered, and is offered the same from then on. */
  onCredentials(request: SipRequest, claimed: string): void {
    const phone = phoneOf(request, claimed);
    const before = this.#offers.get(phone);
    if (before?.answered === false) this.#remember(phone, { ...before, answered: true });
  }

  /**
   * It asks again instead of answering. A phone has one REGISTER under way at a time (RFC 3261 §10.2), but may send several
   * other requests before the first challenge reaches it.
   * COMPAT(Linphone 5.1): with a delivery notice and a MESSAGE at once, the MESSAGE hung when the second challenge was
   * another one; test/scenarios/im-linphone-and-slixmpp.test.ts.
   */
  #hasGivenUp({ answered, at }: Offer, { method }: SipRequest): boolean {
    if (answered) return false;
    return method === "REGISTER" || this.#clock.now() - at > ANSWERED_WITHIN_MS;
  }

  #remember(phone: string, offer: Offer): void {
    this.#offers.delete(phone);
    this.#offers.set(phone, offer);
    if (this.#offers.size <= MAX_REMEMBERED) return;
    const oldest = this.#offers.keys().next();
    if (!oldest.done) this.#offers.delete(oldest.value);
  }
}

function isKnownToGiveUp(request: SipRequest): boolean {
  const agent = request.fields.get("user-agent") ?? "";
  return GIVES_UP_ON_SHA_256.some((pattern) => pattern.test(agent));
}

function phoneOf(request: SipRequest, claimed: string): string {
  const { address, port } = request.flow.remote;
  const agent = request.fields.get("user-agent") ?? "";
  return `${claimed} ${address} ${port} ${agent.slice(0, MAX_AGENT_LENGTH)}`;
}

import type { DigestAlgorithm } from "../../sip/digest-fields.ts";
import type { SipRequest } from "../../sip/message.ts";

/** Strongest first. RFC 8760 §2.3. */
const ALL: readonly DigestAlgorithm[] = ["SHA-256", "MD5"];
const MD5_ALONE: readonly DigestAlgorithm[] = ["MD5"];

/**
 * RFC 8760 asks a phone to skip the challenges it does not know; these give up instead, wherever SHA-256 stands.
 * COMPAT(baresip 1.0): "Function not implemented"; test/scenarios/baresip.test.ts.
 * COMPAT(sipp 3.6): reads the first challenge alone; test/scenarios/sipp-register.test.ts.
 */
const GIVES_UP_ON_SHA_256 = [/^baresip v?[01]\./i, /^sipp/i];

/** About 100 bytes each. A phone that drops out costs its user one more failed attempt. */
const MAX_REMEMBERED = 10_000;

/** Offers each phone what it understands: SHA-256 and MD5, or MD5 alone to one that gave up on both. */
export class OfferedAlgorithms {
  /** What was last offered to a phone that has not answered with credentials since; oldest first. */
  readonly #offered = new Map<string, "all" | "md5">();

  /** For a request without credentials. A phone that asks again instead of answering has given up on what it was offered. */
  toNewcomer(request: SipRequest, claimed: string): readonly DigestAlgorithm[] {
    if (isKnownToGiveUp(request)) return MD5_ALONE;
    const phone = phoneOf(request, claimed);
    const before = this.#offered.get(phone);
    this.#remember(phone, before === undefined ? "all" : "md5");
    return before === undefined ? ALL : MD5_ALONE;
  }

  /** For a request whose credentials were not good enough: what it was offered it understood. */
  toAnswerer(request: SipRequest, claimed: string): readonly DigestAlgorithm[] {
    if (isKnownToGiveUp(request)) return MD5_ALONE;
    return this.#offered.get(phoneOf(request, claimed)) === "md5" ? MD5_ALONE : ALL;
  }

  /** A phone has answered. One that needed MD5 alone goes on to get it alone. */
  onCredentials(request: SipRequest, claimed: string): void {
    const phone = phoneOf(request, claimed);
    if (this.#offered.get(phone) === "all") this.#offered.delete(phone);
  }

  #remember(phone: string, offered: "all" | "md5"): void {
    this.#offered.delete(phone);
    this.#offered.set(phone, offered);
    if (this.#offered.size <= MAX_REMEMBERED) return;
    const oldest = this.#offered.keys().next();
    if (!oldest.done) this.#offered.delete(oldest.value);
  }
}

function isKnownToGiveUp(request: SipRequest): boolean {
  const agent = request.fields.get("user-agent") ?? "";
  return GIVES_UP_ON_SHA_256.some((pattern) => pattern.test(agent));
}

function phoneOf(request: SipRequest, claimed: string): string {
  const { address, port } = request.flow.remote;
  return `${claimed} ${address} ${port}`;
}

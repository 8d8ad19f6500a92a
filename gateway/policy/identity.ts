import type { Logger } from "pino";
import {
  credentialsForRealm,
  type DigestAuthenticator,
  type DigestRefusal,
  type Ha1Pair,
  REFUSAL_ANSWERS,
} from "../../sip/digest.ts";
import type { HeaderField } from "../../sip/header-fields.ts";
import type { SipRequest } from "../../sip/message.ts";
import { latin1FromUtf8, utf8FromLatin1 } from "../../sip/text.ts";
import { isSipUri, parseUri } from "../../sip/uri.ts";
import type { Accounts } from "../accounts.ts";
import type { Clock } from "../clock.ts";
import type { Counters } from "../counters.ts";
import { aorFromSip } from "../mapping/address.ts";
import type { Routing } from "../routing.ts";
import { OfferedAlgorithms } from "./offered-algorithms.ts";

/** Who a request is from, or the answer that asks for, or denies, it. */
export type Identity =
  | { readonly ok: true; readonly aor: string }
  | {
      readonly ok: false;
      readonly status: number;
      readonly reason?: string;
      readonly headers?: readonly HeaderField[];
    };

/** As a registrar we ask with 401, as the proxy in front of other people with 407. RFC 3261 §22.2, §22.3. */
const ASKING = {
  registrar: { status: 401, challenge: "WWW-Authenticate", credentials: "authorization" },
  proxy: { status: 407, challenge: "Proxy-Authenticate", credentials: "proxy-authorization" },
} as const;

export type AskedBy = keyof typeof ASKING;

export interface IdentityOptions {
  readonly authentication: "digest" | "none";
  readonly digest: DigestAuthenticator;
  readonly accounts: Accounts;
  readonly routing: Routing;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Tells who sent a request: nobody speaks for somebody else. */
export class IdentityPolicy {
  readonly #options: IdentityOptions;
  readonly #offered: OfferedAlgorithms;

  constructor(options: IdentityOptions) {
    this.#options = options;
    this.#offered = new OfferedAlgorithms(options.clock);
  }

  /** The sender of a request is the user in From, who must be local and must have proved it. */
  async senderOf(request: SipRequest): Promise<Identity> {
    return this.#prove(request, request.from.uri, "proxy");
  }

  /** The owner of the bindings that a REGISTER changes is the user in To. RFC 3261 §10.3. */
  async registrantOf(request: SipRequest): Promise<Identity> {
    return this.#prove(request, request.to.uri, "registrar");
  }

  #prove(request: SipRequest, claimed: string, askedBy: AskedBy): Promise<Identity> | Identity {
    const uri = parseUri(claimed);
    if (!uri.ok || !isSipUri(uri.value)) return denied("The sender has no sip: address");
    const aor = aorFromSip(uri.value);
    if (!aor.ok) return denied(`The sender's address cannot be used: ${aor.why}`);
    if (!this.#options.routing.isLocalSip(aor.value)) return denied("The sender's domain is not served here");
    if (this.#options.authentication === "none") return { ok: true, aor: aor.value };
    return this.#digest(request, aor.value, askedBy);
  }

  async #digest(request: SipRequest, claimed: string, askedBy: AskedBy): Promise<Identity> {
    const { digest, accounts, log } = this.#options;
    const asking = ASKING[askedBy];
    const source = request.flow.remote.address;
    const realm = claimed.slice(claimed.lastIndexOf("@") + 1);
    const header = credentialsForRealm(credentialsIn(request, asking.credentials), realm);
    if (header !== undefined) this.#offered.onCredentials(request, claimed);
    const verdict = await digest.verify({
      header,
      method: request.method,
      requestUri: request.uri,
      source,
      lookup: (username, inRealm) => hashesOf(accounts, utf8FromLatin1(username), inRealm),
    });
    if (!verdict.ok) return this.#answerTo(verdict.reason, { request, claimed, realm, asking, source });
    const proved = accountNamed(utf8FromLatin1(verdict.username), verdict.realm);
    if (proved === claimed) return { ok: true, aor: claimed };
    log.warn({ username: proved, claimed, remote: source }, "sender is not who it says");
    return denied(`You are ${proved}, not ${claimed}`);
  }

  #answerTo(reason: DigestRefusal, context: Asked): Identity {
    const { counters, log, digest } = this.#options;
    const { request, claimed, realm, asking, source } = context;
    const { answer, stale } = REFUSAL_ANSWERS[reason];
    if (reason === "wrong" || reason === "blocked") {
      counters.add(reason === "blocked" ? "authentication.blocked" : "authentication.failed");
      log.warn({ claimed, remote: source, reason }, "authentication failed");
    }
    if (answer === 403) return denied("Too many wrong passwords, wait a minute");
    if (answer === 400) return { ok: false, status: 400, reason: "The credentials cannot be read" };
    counters.add("authentication.challenged");
    const algorithms =
      reason === "absent" ? this.#offered.toNewcomer(request, claimed) : this.#offered.toAnswerer(request, claimed);
    const headers = digest
      .challenge(realm, { stale, algorithms })
      .map((value): HeaderField => [asking.challenge, value]);
    return { ok: false, status: asking.status, headers };
  }
}

interface Asked {
  readonly request: SipRequest;
  readonly claimed: string;
  readonly realm: string;
  readonly source: string;
  readonly asking: (typeof ASKING)[AskedBy];
}

/** A phone signs in as `user`, or puts its whole address there; each has hashes of its own. RFC 7616 §3.4.2. */
function hashesOf(accounts: Accounts, username: string, realm: string): Ha1Pair | undefined {
  const user = accounts.find(accountNamed(username, realm));
  if (user === undefined) return undefined;
  if (!username.includes("@")) return { md5: user.ha1Md5, sha256: user.ha1Sha256 };
  return { md5: user.ha1bMd5, sha256: user.ha1bSha256 };
}

function accountNamed(username: string, realm: string): string {
  return username.endsWith(`@${realm}`) ? username : `${username}@${realm}`;
}

/** A phone may answer in either header. */
function credentialsIn(request: SipRequest, preferred: string): readonly string[] {
  const other = preferred === "authorization" ? "proxy-authorization" : "authorization";
  return [...request.fields.all(preferred), ...request.fields.all(other)];
}

function denied(reason: string): Identity {
  return { ok: false, status: 403, reason: latin1FromUtf8(reason) };
}

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import {
  DIGEST_ALGORITHMS,
  type DigestAlgorithm,
  type DigestCredentials,
  isDigest,
  parseCredentials,
} from "./digest-fields.ts";
import { quote } from "./grammar.ts";
import { Nonces } from "./nonce.ts";
import { latin1FromUtf8 } from "./text.ts";
import { WrongAnswers } from "./wrong-answers.ts";

/** H(username:realm:password) in both algorithms, lower-case hex: as good as the password in that realm. */
export interface Ha1Pair {
  readonly md5: string;
  readonly sha256: string;
}

/**
 * Finds the hashes made with this very `username` (RFC 7616 §3.4.2 hashes it as sent): "user", or "user@domain" from a
 * phone that puts the whole address there. Both texts are latin1. `undefined`: no such user.
 */
export type CredentialLookup = (username: string, realm: string) => Ha1Pair | undefined | Promise<Ha1Pair | undefined>;

export type DigestRefusal = "absent" | "malformed" | "realm" | "stale" | "replayed" | "wrong" | "blocked";

export type DigestVerdict =
  | { readonly ok: true; readonly username: string; readonly realm: string } // latin1, as sent
  | { readonly ok: false; readonly reason: DigestRefusal };

/** What answers each refusal: a challenge is 401 (registrar, own server) or 407 (proxy). RFC 3261 §22, RFC 7616 §3.3. */
export const REFUSAL_ANSWERS = {
  absent: { answer: "challenge", stale: false },
  malformed: { answer: 400, stale: false },
  realm: { answer: "challenge", stale: false },
  stale: { answer: "challenge", stale: true },
  replayed: { answer: "challenge", stale: true },
  wrong: { answer: "challenge", stale: false },
  blocked: { answer: 403, stale: false },
} as const satisfies Record<DigestRefusal, { answer: "challenge" | 400 | 403; stale: boolean }>;

export interface DigestLimits {
  readonly nonceLifetimeMs: number;
  readonly maxNonces: number;
  readonly maxWrong: number;
  readonly wrongWindowMs: number;
  readonly maxWrongTallies: number;
}

export const DIGEST_LIMITS: DigestLimits = {
  nonceLifetimeMs: 300_000, // longer than a burst of requests, short enough for a stolen answer to be of no use
  maxNonces: 50_000, // about 10 MB; beyond it the oldest holder is challenged once more
  maxWrong: 5, // a person who mistypes gets there; a guesser gets 300 an hour
  wrongWindowMs: 60_000,
  maxWrongTallies: 10_000, // about 2 MB; a guesser with more addresses than this is not stopped by counting
};

export interface DigestOptions {
  readonly realms: readonly string[];
  readonly secret: Buffer; // 32 bytes, kept in the store
  readonly clock: { now(): number };
  readonly limits?: Partial<DigestLimits>;
  /** What is understood and, unless `challenge` is told otherwise, offered. Strongest first. RFC 8760 §2.3. */
  readonly algorithms?: readonly DigestAlgorithm[];
  readonly randomBytes?: (size: number) => Buffer;
}

export interface DigestQuestion {
  /** One field value, `fields.all("authorization")[i]`: its commas are its own. */
  readonly header: string | undefined;
  readonly method: string;
  readonly requestUri: string;
  readonly source: string; // remote address without port
  readonly lookup: CredentialLookup;
}

export interface ChallengeOptions {
  readonly stale?: boolean;
  readonly opaque?: string;
  /** Fewer than all, for a phone that is known to give up on the others. */
  readonly algorithms?: readonly DigestAlgorithm[];
}

const SECRET_BYTES = 32;
/** Strongest first. RFC 8760 §2.3. */
const ALL_ALGORITHMS: readonly DigestAlgorithm[] = ["SHA-256", "MD5"];

/** H(username:realm:password) in hex, of Unicode texts as UTF-8. RFC 7616 §3.4.2. */
export function ha1(user: {
  readonly algorithm: DigestAlgorithm;
  readonly username: string;
  readonly realm: string;
  readonly password: string;
}): string {
  return digestHex(user.algorithm, latin1FromUtf8(`${user.username}:${user.realm}:${user.password}`));
}

/** The request-digest. RFC 7616 §3.4.1; without `protection` in the form of RFC 2069 §2.1.2. Texts are latin1. */
export function digestResponse(input: {
  readonly algorithm: DigestAlgorithm;
  readonly ha1: string;
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  readonly protection: DigestCredentials["protection"];
}): string {
  const { algorithm, nonce, protection } = input;
  const ha2 = digestHex(algorithm, `${input.method}:${input.uri}`);
  if (protection === undefined) return digestHex(algorithm, `${input.ha1}:${nonce}:${ha2}`);
  const { nc, cnonce, qop } = protection;
  return digestHex(algorithm, `${input.ha1}:${nonce}:${nc}:${cnonce}:${qop}:${ha2}`);
}

/** The value that answers for this realm, where a request carries one for each proxy on its way. RFC 3261 §22.3. */
export function credentialsForRealm(values: readonly string[], realm: string): string | undefined {
  const own = values.find((value) => {
    const credentials = parseCredentials(value);
    return credentials.ok && credentials.value.realm === realm;
  });
  return own ?? values[0];
}

/** Digest authentication, the server's side. RFC 3261 §22, RFC 7616, RFC 8760. */
export class DigestAuthenticator {
  readonly #realms: ReadonlySet<string>;
  readonly #algorithms: readonly DigestAlgorithm[];
  readonly #nonces: Nonces;
  readonly #wrongAnswers: WrongAnswers;
  /** Stands in for an unknown user, so that the work and the verdict are those of a wrong password. */
  readonly #decoy: Ha1Pair;

  constructor(options: DigestOptions) {
    if (options.secret.length !== SECRET_BYTES) throw new RangeError(`digest secret must be ${SECRET_BYTES} bytes`);
    const limits = { ...DIGEST_LIMITS, ...options.limits };
    const now = () => options.clock.now();
    const random = options.randomBytes ?? randomBytes;
    this.#realms = new Set(options.realms);
    this.#algorithms = options.algorithms ?? ALL_ALGORITHMS;
    this.#nonces = new Nonces({
      secret: options.secret,
      now,
      randomBytes: random,
      lifetimeMs: limits.nonceLifetimeMs,
      maxTracked: limits.maxNonces,
    });
    this.#wrongAnswers = new WrongAnswers(
      { maxWrong: limits.maxWrong, windowMs: limits.wrongWindowMs, maxTracked: limits.maxWrongTallies },
      now,
    );
    this.#decoy = { md5: random(16).toString("hex"), sha256: random(32).toString("hex") };
  }

  /** WWW-Authenticate or Proxy-Authenticate values, each for a header field of its own. RFC 8760 §2.3. */
  challenge(realm: string, options: ChallengeOptions = {}): readonly string[] {
    const nonce = this.#nonces.issue();
    const opaque = options.opaque === undefined ? "" : `, opaque=${quote(options.opaque)}`;
    const stale = options.stale === true ? ", stale=true" : "";
    return (options.algorithms ?? this.#algorithms).map(
      (algorithm) =>
        `Digest realm=${quote(realm)}, nonce=${quote(nonce)}${opaque}${stale}, algorithm=${algorithm}, qop="auth"`,
    );
  }

  /** Judges one answer. Rejects only when `lookup` does. */
  async verify(question: DigestQuestion): Promise<DigestVerdict> {
    const { header, source } = question;
    if (header === undefined || !isDigest(header)) return refused("absent");
    const credentials = parseCredentials(header);
    if (!credentials.ok || !this.#algorithms.includes(credentials.value.algorithm)) return refused("malformed");
    const { username, realm, nonce } = credentials.value;
    if (!this.#realms.has(realm)) return refused("realm");
    // Before the digest is looked at: else a nonce of the guesser's own making would tell a right password from a
    // wrong one without being counted. The price is one round trip for a wrong answer to an old nonce.
    if (!this.#nonces.isFresh(nonce)) return refused("stale");
    if (!isBoundToTarget(credentials.value, question.requestUri)) return refused("malformed");
    if (this.#wrongAnswers.isBlocked(username, source)) return refused("blocked");
    const known = await question.lookup(username, realm);
    // Again, since other guesses may have been judged meanwhile. No await from here on.
    if (this.#wrongAnswers.isBlocked(username, source)) return refused("blocked");
    const right = isRight(credentials.value, question.method, known ?? this.#decoy);
    if (!right || known === undefined) {
      this.#wrongAnswers.count(username, source);
      return refused("wrong");
    }
    if (!this.#isFirstUse(credentials.value)) return refused("replayed");
    this.#wrongAnswers.clear(username, source); // only here: a replayed old answer must not buy new tries
    return { ok: true, username, realm };
  }

  #isFirstUse({ nonce, protection }: DigestCredentials): boolean {
    return protection === undefined || this.#nonces.use(nonce, Number.parseInt(protection.nc, 16));
  }
}

/**
 * With qop an answer is good for one use (nonce and nc) of one method, so the `uri` need not be the Request-URI: sipp
 * and phones behind an outbound proxy write another one. Without qop nothing but `uri` keeps an overheard answer from
 * serving for other targets until the nonce is stale, so there it must name the same one. RFC 7616 §3.4.6.
 */
function isBoundToTarget({ protection, uri }: DigestCredentials, requestUri: string): boolean {
  return protection !== undefined || targetOf(uri) === targetOf(requestUri);
}

/** A URI without parameters and headers, for comparison. */
function targetOf(uri: string): string {
  const host = uri.lastIndexOf("@") + 1;
  const end = uri.slice(host).search(/[;?]/);
  return (end < 0 ? uri : uri.slice(0, host + end)).toLowerCase();
}

function isRight(credentials: DigestCredentials, method: string, hashes: Ha1Pair): boolean {
  const { algorithm } = credentials;
  const expected = digestResponse({
    ...credentials,
    method,
    ha1: algorithm === "MD5" ? hashes.md5 : hashes.sha256,
  });
  return timingSafeEqual(Buffer.from(expected, "latin1"), Buffer.from(credentials.response, "latin1"));
}

function refused(reason: DigestRefusal): DigestVerdict {
  return { ok: false, reason };
}

function digestHex(algorithm: DigestAlgorithm, latin1: string): string {
  return createHash(DIGEST_ALGORITHMS[algorithm].hash).update(latin1, "latin1").digest("hex");
}

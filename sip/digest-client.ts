import { digestResponse, ha1 } from "./digest.ts";
import { algorithmNamed, type DigestAlgorithm, parseDigestFields } from "./digest-fields.ts";
import { quote } from "./grammar.ts";
import type { Parameters } from "./parameters.ts";
import { type Parsed, parsed, unparsed } from "./parsed.ts";
import { latin1FromUtf8, utf8FromLatin1 } from "./text.ts";

/** A WWW-Authenticate or Proxy-Authenticate value that we can answer. RFC 7616 §3.3. Text is latin1. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: DigestAlgorithm;
  readonly protected: boolean; // qop "auth" is offered
  readonly opaque: string | undefined;
  readonly stale: boolean;
}

export interface AuthorizationInput {
  readonly challenge: DigestChallenge;
  readonly method: string;
  readonly uri: string;
  readonly username: string;
  /** The password, or its hash for the algorithm of the challenge. */
  readonly secret: { readonly password: string } | { readonly ha1: string };
  readonly nc: number; // 1 for the first request with this nonce
  readonly cnonce: string;
}

/** Reads one challenge; unparsed when its algorithm or protection is not ours. RFC 7616 §3.3. */
export function parseChallenge(value: string): Parsed<DigestChallenge> {
  const read = parseDigestFields(value);
  if (!read.ok) return read;
  const fields = read.value;
  const algorithm = algorithmNamed(fields.get("algorithm"));
  if (algorithm === undefined) return unparsed("Digest algorithm unknown");
  const realm = fields.get("realm");
  const nonce = fields.get("nonce");
  if (realm === undefined || nonce === undefined) return unparsed("challenge without realm or nonce");
  const qops = qopsOf(fields);
  if (qops.length > 0 && !qops.includes("auth")) return unparsed("challenge without qop auth");
  return parsed({
    realm: realm,
    nonce,
    algorithm,
    protected: qops.length > 0,
    opaque: fields.get("opaque"),
    stale: fields.get("stale")?.toLowerCase() === "true",
  });
}

/** The challenge to answer: SHA-256 before MD5, else the topmost that we understand. RFC 8760 §2.4. */
export function pickChallenge(values: readonly string[]): DigestChallenge | undefined {
  const known = values.map(parseChallenge).flatMap((challenge) => (challenge.ok ? [challenge.value] : []));
  return known.find(({ algorithm }) => algorithm === "SHA-256") ?? known[0];
}

/** An Authorization or Proxy-Authorization value. RFC 7616 §3.4. */
export function authorization(input: AuthorizationInput): string {
  const { challenge, method, uri, username } = input;
  const { algorithm, nonce } = challenge;
  const realm = utf8FromLatin1(challenge.realm);
  const hash =
    "ha1" in input.secret ? input.secret.ha1 : ha1({ algorithm, username, realm, password: input.secret.password });
  const nc = input.nc.toString(16).padStart(8, "0");
  const protection = challenge.protected ? { qop: "auth", nc, cnonce: input.cnonce } : undefined;
  const response = digestResponse({ algorithm, ha1: hash, method, uri, nonce, protection });
  const fields = [
    `username=${quote(latin1FromUtf8(username))}`,
    `realm=${quote(challenge.realm)}`,
    `nonce="${nonce}"`,
    `uri="${uri}"`,
    `response="${response}"`,
    `algorithm=${algorithm}`,
  ];
  if (protection !== undefined) fields.push("qop=auth", `nc=${nc}`, `cnonce="${input.cnonce}"`);
  if (challenge.opaque !== undefined) fields.push(`opaque=${quote(challenge.opaque)}`);
  return `Digest ${fields.join(", ")}`;
}

function qopsOf(fields: Parameters): readonly string[] {
  return (fields.get("qop") ?? "")
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((qop) => qop !== "");
}

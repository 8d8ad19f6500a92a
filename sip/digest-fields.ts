import { skipWhitespace, tokenEnd, unquote } from "./grammar.ts";
import { type Parameters, parameterValueEnd } from "./parameters.ts";
import { type Parsed, parsed, unparsed } from "./parsed.ts";

/** Real values stay under 700 bytes; four times that leaves room for long names and keeps the scan cheap. */
const MAX_VALUE_LENGTH = 4096;
/** An AOR user part; every counter and lookup key is made of it. */
const MAX_USERNAME_LENGTH = 255;

/** Hash and length in hex digits of each algorithm that is offered. RFC 8760 §2.1. */
export const DIGEST_ALGORITHMS = {
  "SHA-256": { hash: "sha256", hexLength: 64 },
  MD5: { hash: "md5", hexLength: 32 },
} as const;

export type DigestAlgorithm = keyof typeof DIGEST_ALGORITHMS;

/** An Authorization or Proxy-Authorization value, checked for form only. RFC 7616 §3.4. Texts are latin1, unquoted. */
export interface DigestCredentials {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string; // lower case
  readonly algorithm: DigestAlgorithm;
  /** Absent in the RFC 2069 form. `nc` and `cnonce` are as sent, since they are hashed. */
  readonly protection: { readonly qop: string; readonly nc: string; readonly cnonce: string } | undefined;
}

const DIGEST_SCHEME = /^\s*Digest(?:\s|$)/i;

/** True for a value of the Digest scheme, however broken the rest of it is. */
export function isDigest(text: string): boolean {
  return DIGEST_SCHEME.test(text);
}

/**
 * The parameters of a Digest challenge or answer. RFC 7616 §3.3, §3.4. Any white space may stand after the scheme,
 * empty list elements are passed over (RFC 7230 §7), and a name that stands twice is refused.
 */
export function parseDigestFields(text: string): Parsed<Parameters> {
  if (text.length > MAX_VALUE_LENGTH) return unparsed("Digest value too long");
  const scheme = DIGEST_SCHEME.exec(text);
  if (scheme === null) return unparsed("not of the Digest scheme");
  const fields = new Map<string, string>();
  let at = skipWhitespace(text, scheme[0].length);
  while (at < text.length) {
    if (text[at] === ",") {
      at = skipWhitespace(text, at + 1);
      continue;
    }
    const field = parseField(text, at);
    if (!field.ok) return field;
    const { name, value, end } = field.value;
    if (fields.has(name)) return unparsed(`Digest parameter ${name} given twice`);
    fields.set(name, value);
    at = skipWhitespace(text, end);
    if (at < text.length && text[at] !== ",") return unparsed("Digest parameters are not parted by commas");
  }
  return parsed(fields);
}

/** `name=token` or `name="quoted"`. */
function parseField(text: string, from: number): Parsed<{ name: string; value: string; end: number }> {
  const nameEnd = tokenEnd(text, from);
  const equals = skipWhitespace(text, nameEnd);
  if (nameEnd === from || text[equals] !== "=") return unparsed("a Digest parameter is not name=value");
  const name = text.slice(from, nameEnd).toLowerCase();
  const valueStart = skipWhitespace(text, equals + 1);
  const end = parameterValueEnd(text, valueStart);
  if (end <= valueStart) return unparsed(`Digest parameter ${name} has no proper value`);
  const value = text.slice(valueStart, end);
  return parsed({ name, value: text[valueStart] === '"' ? unquote(value) : value, end });
}

/** Reads an answer to a challenge: one field value, never a comma-joined list. RFC 7616 §3.4, RFC 3261 §22.4. */
export function parseCredentials(text: string): Parsed<DigestCredentials> {
  const read = parseDigestFields(text);
  if (!read.ok) return read;
  const fields = read.value;
  const algorithm = algorithmNamed(fields.get("algorithm"));
  if (algorithm === undefined) return unparsed("Digest algorithm not offered");
  const protection = protectionOf(fields);
  if (!protection.ok) return protection;
  const [username, realm, nonce, uri] = ["username", "realm", "nonce", "uri"].map((name) => fields.get(name));
  if (username === undefined || realm === undefined || nonce === undefined || uri === undefined) {
    return unparsed("username, realm, nonce or uri missing");
  }
  if (username.length > MAX_USERNAME_LENGTH) return unparsed("username too long");
  const response = (fields.get("response") ?? "").toLowerCase();
  if (response.length !== DIGEST_ALGORITHMS[algorithm].hexLength || !/^[0-9a-f]+$/.test(response)) {
    return unparsed("response is not a digest of its algorithm");
  }
  return parsed({ username, realm, nonce, uri, response, algorithm, protection: protection.value });
}

/** The algorithm of that name; MD5 when it is not named. RFC 7616 §3.3. */
export function algorithmNamed(name: string | undefined): DigestAlgorithm | undefined {
  if (name === undefined) return "MD5";
  const upper = name.toUpperCase();
  return upper === "MD5" || upper === "SHA-256" ? upper : undefined;
}

function protectionOf(fields: Parameters): Parsed<DigestCredentials["protection"]> {
  const qop = fields.get("qop");
  // COMPAT(libpurple SIMPLE 2.14): answers without qop, yet with a (quoted) nc that nothing hashes; test/sip/digest-dialects.test.ts
  if (qop === undefined) return parsed(undefined);
  if (qop.toLowerCase() !== "auth") return unparsed("qop not offered");
  const nc = fields.get("nc");
  const cnonce = fields.get("cnonce");
  if (nc === undefined || cnonce === undefined) return unparsed("qop without nc or cnonce");
  if (!/^[0-9a-f]{1,8}$/i.test(nc)) return unparsed("nc is not a hexadecimal count");
  return parsed({ qop, nc, cnonce });
}

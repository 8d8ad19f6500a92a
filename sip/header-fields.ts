import { quotedEnd } from "./grammar.ts";

export type HeaderField = readonly [name: string, value: string];

/** Compact forms of header names. RFC 3261 §7.3.3, §20; the others from the RFC named. */
// biome-ignore format: table
export const COMPACT_FORMS = {
  a: "accept-contact",      // RFC 3841
  b: "referred-by",         // RFC 3892
  c: "content-type",
  d: "request-disposition", // RFC 3841
  e: "content-encoding",
  f: "from",
  i: "call-id",
  j: "reject-contact",      // RFC 3841
  k: "supported",
  l: "content-length",
  m: "contact",
  n: "identity-info",       // RFC 4474
  o: "event",               // RFC 6665
  r: "refer-to",            // RFC 3515
  s: "subject",
  t: "to",
  u: "allow-events",        // RFC 6665
  v: "via",
  x: "session-expires",     // RFC 4028
  y: "identity",            // RFC 8224
} as const;

/** The spellings that nearly every message uses, so that finding the canonical name is one look-up. */
// biome-ignore format: table
const USUAL_NAMES = [
  "Accept", "Accept-Contact", "Accept-Encoding", "Accept-Language", "Allow", "Allow-Events", "Authorization", "Call-ID",
  "Contact", "Content-Disposition", "Content-Encoding", "Content-Length", "Content-Type", "CSeq", "Date", "Event",
  "Expires", "From", "Max-Forwards", "Min-Expires", "Path", "Priority", "Proxy-Authenticate", "Proxy-Authorization",
  "Proxy-Require", "Record-Route", "Require", "Retry-After", "Route", "Server", "Service-Route", "SIP-ETag",
  "SIP-If-Match", "Subject", "Subscription-State", "Supported", "To", "Unsupported", "User-Agent", "Via",
  "WWW-Authenticate",
];

const CANONICAL_NAMES: ReadonlyMap<string, string> = new Map([
  ...USUAL_NAMES.flatMap((name) =>
    [name, name.toLowerCase()].map((spelling) => [spelling, name.toLowerCase()] as const),
  ),
  ...Object.entries(COMPACT_FORMS),
]);

/** The full name in lower case of a name in any spelling or its compact form. RFC 3261 §7.3.1, §7.3.3. */
export function canonicalName(name: string): string {
  const known = knownName(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  return knownName(lower) ?? lower;
}

/** The same for a name in its usual spelling alone: one look-up. */
export function knownName(name: string): string | undefined {
  return CANONICAL_NAMES.get(name);
}

/**
 * Header fields in wire order. Names are matched without case and in their compact forms (RFC 3261 §7.3.3);
 * values are latin1, unfolded and trimmed, and slices of the head: keep `detached(value)`.
 */
export class HeaderFields {
  readonly #fields: readonly HeaderField[];
  readonly #names: readonly string[];

  /** `canonicalNames` of the same length spares a parser that has looked them up already the second time. */
  constructor(fields: readonly HeaderField[], canonicalNames?: readonly string[]) {
    this.#fields = fields;
    this.#names = canonicalNames ?? fields.map(([name]) => canonicalName(name));
  }

  /** The first field of that name. */
  get(name: string): string | undefined {
    const index = this.#names.indexOf(canonicalName(name));
    return index === -1 ? undefined : this.#fields[index]?.[1];
  }

  /** Every field of that name, one entry a line. */
  all(name: string): readonly string[] {
    const wanted = canonicalName(name);
    const values: string[] = [];
    let index = this.#names.indexOf(wanted);
    while (index !== -1) {
      values.push(this.#fields[index]?.[1] ?? "");
      index = this.#names.indexOf(wanted, index + 1);
    }
    return values;
  }

  /** Every value of that name, comma lists split outside quotes and angle brackets. */
  list(name: string): readonly string[] {
    const values: string[] = [];
    for (const line of this.all(name)) {
      for (const value of splitList(line)) values.push(value);
    }
    return values;
  }

  has(name: string): boolean {
    return this.#names.includes(canonicalName(name));
  }

  entries(): readonly HeaderField[] {
    return this.#fields;
  }
}

/** What hides a comma until it closes. RFC 3261 §7.3.1, §25.1 comment. */
const OPENINGS: ReadonlySet<string> = new Set(['"', "<", "("]);

/**
 * The values of a comma list, trimmed, empty ones left out. A comma inside quotes, angle brackets or a comment parts
 * nothing; an opening that never closes is plain text (a user part may hold a lone parenthesis).
 */
export function splitList(text: string): string[] {
  if (!text.includes(",")) return text === "" ? [] : [text];
  const unclosed = new Set<string>();
  const values: string[] = [];
  for (let start = 0; start <= text.length; ) {
    const end = listValueEnd(text, start, unclosed);
    const value = text.slice(start, end).trim();
    if (value !== "") values.push(value);
    start = end + 1;
  }
  return values;
}

/**
 * Position of the comma that ends the list value which starts at `from`, or the end of the text. An opening that was found
 * unclosed goes into `unclosed` and is not looked at again: a text full of them must not be searched once for each.
 */
export function listValueEnd(text: string, from: number, unclosed = new Set<string>()): number {
  let at = from;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === ",") return at;
    const end = OPENINGS.has(character) && !unclosed.has(character) ? closedEnd(text, at) : at + 1;
    if (end === -1) unclosed.add(character);
    at = end === -1 ? at + 1 : end;
  }
  return text.length;
}

/** Position after the quotes, angle brackets or comment (which nests) that open here; -1 when they never close. */
function closedEnd(text: string, from: number): number {
  if (text[from] === '"') return quotedEnd(text, from);
  if (text[from] === "<") return text.indexOf(">", from) + 1 || -1;
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === "\\") at++;
    else if (character === "(") depth++;
    else if (character === ")" && --depth === 0) return at + 1;
  }
  return -1;
}

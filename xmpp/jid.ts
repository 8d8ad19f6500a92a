import { isIPv4, isIPv6 } from "node:net";
import { domainToASCII, domainToUnicode } from "node:url";
import type { Parsed } from "./parsed.ts";
import { parsed, unparsed } from "./parsed.ts";
import { prepareOpaqueString, prepareUsername } from "./precis.ts";

declare const brand: unique symbol;
/** localpart@domainpart or domainpart, canonical. Only this file makes one. RFC 7622 §3.1. */
export type BareJid = string & { readonly [brand]: "BareJid" };
/** A bare JID with a resourcepart, canonical. Only this file makes one. RFC 7622 §3.1. */
export type FullJid = string & { readonly [brand]: "FullJid" };

/** The parts of an XMPP address, each prepared and enforced; the localpart is still escaped (XEP-0106). */
export interface Jid {
  readonly local?: string;
  readonly domain: string;
  readonly resource?: string;
}

/** RFC 7622 §3.1: each part is at most 1023 bytes of UTF-8, after preparation. */
const MAX_PART_BYTES = 1023;
/** Three parts of at most 1023 bytes and two separators: nothing longer can be an address, so nothing longer is looked at. */
const MAX_JID_LENGTH = 3 * MAX_PART_BYTES + 2;

/** RFC 1035 §2.3.4, without the length bytes of the wire form. */
const MAX_DOMAIN_LENGTH = 253;

/** What most addresses are made of: these need no preparation. */
const PLAIN_LOCALPART = /^[a-z0-9._+-]+$/;
const PLAIN_RESOURCEPART = /^[\x20-\x7e]+$/;
const PLAIN_DOMAIN = /^(?!.*xn--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** RFC 7622 §3.3.1: what IdentifierClass would admit and a localpart may not contain. */
const FORBIDDEN_IN_LOCALPART = /["&'/:<>@]/;
/** Letters, digits, hyphen (RFC 952) and the underscore of container host names; beyond ASCII it is IDNA's to judge. */
const DOMAIN_CHARACTERS = /^[a-z0-9._\u0080-\u{10ffff}-]+$/u;
/** A last label such as `1` or `0x7f` would be read as part of an IPv4 address. */
const NUMERIC_LAST_LABEL = /(?:^|\.)(?:\d+|0x[\da-f]*)$/;

/**
 * The same addresses come with every stanza, and preparing one costs more than all else that is done with it. About 300
 * bytes each, 3 MB in all; emptied when it is full, since keeping an order would cost more than parsing again.
 */
const MAX_RECENT = 10_000;
const recent = new Map<string, Parsed<Jid>>();

/** Splits at the first "/" and then the first "@", and prepares each part. RFC 7622 §3.1-3.4. */
export function parseJid(text: string): Parsed<Jid> {
  const known = recent.get(text);
  if (known !== undefined) return known;
  if (text.length > MAX_JID_LENGTH) {
    return unparsed(`an address is at most ${MAX_JID_LENGTH} bytes long`);
  }
  if (recent.size >= MAX_RECENT) recent.clear();
  const copy = Buffer.from(text, "utf16le").toString("utf16le"); // a slice would keep all the XML it was cut from
  const result = splitJid(copy);
  recent.set(copy, result);
  return result;
}

function splitJid(text: string): Parsed<Jid> {
  const slash = text.indexOf("/");
  const bare = slash < 0 ? text : text.slice(0, slash);
  const at = bare.indexOf("@");
  return prepareJid({
    ...(at >= 0 && { local: bare.slice(0, at) }),
    domain: bare.slice(at + 1),
    ...(slash >= 0 && { resource: text.slice(slash + 1) }),
  });
}

/** The canonical form of an address given in parts. RFC 7622 §3.2-3.4. */
export function prepareJid(parts: Jid): Parsed<Jid> {
  const domain = prepareDomainpart(parts.domain);
  if (!domain.ok) {
    return domain;
  }
  const local = parts.local === undefined ? undefined : prepareLocalpart(parts.local);
  if (local?.ok === false) {
    return local;
  }
  const resource = parts.resource === undefined ? undefined : prepareResourcepart(parts.resource);
  if (resource?.ok === false) {
    return resource;
  }
  return parsed({
    ...(local && { local: local.value }),
    domain: domain.value,
    ...(resource && { resource: resource.value }),
  });
}

/** `local@domain/resource`, without the parts that are absent. */
export function formatJid(jid: Jid): string {
  return jid.resource === undefined ? bareOf(jid) : `${bareOf(jid)}/${jid.resource}`;
}

/** The address without its resource. */
export function bareOf(jid: Jid): BareJid {
  return (jid.local === undefined ? jid.domain : `${jid.local}@${jid.domain}`) as BareJid;
}

/** The address with its resource; undefined when it has none. */
export function fullOf(jid: Jid): FullJid | undefined {
  return jid.resource === undefined ? undefined : (formatJid(jid) as FullJid);
}

/** Equal in every part, or both without that part. */
export function jidEquals(one: Jid, other: Jid): boolean {
  return one.local === other.local && one.domain === other.domain && one.resource === other.resource;
}

/** RFC 7622 §3.3: UsernameCaseMapped without the eight characters that XEP-0106 escapes. */
function prepareLocalpart(text: string): Parsed<string> {
  if (PLAIN_LOCALPART.test(text)) {
    return withinLength("localpart", text);
  }
  const local = prepareUsername(text);
  if (!local.ok) {
    return unparsed(`the localpart ${local.why}`);
  }
  const forbidden = FORBIDDEN_IN_LOCALPART.exec(local.value);
  if (forbidden) {
    return unparsed(`the localpart may not contain ${forbidden[0]}`);
  }
  return withinLength("localpart", local.value);
}

/** RFC 7622 §3.4. */
function prepareResourcepart(text: string): Parsed<string> {
  if (PLAIN_RESOURCEPART.test(text)) {
    return withinLength("resourcepart", text);
  }
  const resource = prepareOpaqueString(text);
  return resource.ok ? withinLength("resourcepart", resource.value) : unparsed(`the resourcepart ${resource.why}`);
}

/** RFC 7622 §3.2: a domain name as U-labels in lower case, an IPv4 address, or an IPv6 address in brackets. */
function prepareDomainpart(text: string): Parsed<string> {
  if (text.length <= MAX_DOMAIN_LENGTH && PLAIN_DOMAIN.test(text) && !NUMERIC_LAST_LABEL.test(text)) {
    return parsed(text);
  }
  const lower = text.toLowerCase();
  if (lower.startsWith("[") || isIPv4(lower)) {
    const literal = lower.startsWith("[") ? lower.endsWith("]") && isIPv6(lower.slice(1, -1)) : true;
    return literal ? parsed(lower) : unparsed("the domainpart is not an IPv6 address in brackets");
  }
  const name = lower.endsWith(".") ? lower.slice(0, -1) : lower;
  if (name === "") {
    return unparsed("the domainpart is empty");
  }
  if (!DOMAIN_CHARACTERS.test(name) || NUMERIC_LAST_LABEL.test(name)) {
    return unparsed("the domainpart is not a domain name");
  }
  const ascii = domainToASCII(name);
  if (ascii === "" || ascii.length > MAX_DOMAIN_LENGTH || ascii.split(".").some((label) => !isLabel(label))) {
    return unparsed("the domainpart is not a domain name");
  }
  const unicode = domainToUnicode(ascii);
  // Compatibility mapping can bring out what no domain name has: U+3200 becomes three characters, two of them brackets.
  if (!DOMAIN_CHARACTERS.test(unicode) || NUMERIC_LAST_LABEL.test(unicode)) {
    return unparsed("the domainpart is not a domain name");
  }
  return withinLength("domainpart", unicode);
}

/** RFC 1035 §2.3.4 and RFC 5891 §4.2.3.1: 1 to 63 characters, no hyphen at either end. */
function isLabel(label: string): boolean {
  return label.length >= 1 && label.length <= 63 && !label.startsWith("-") && !label.endsWith("-");
}

function withinLength(part: string, text: string): Parsed<string> {
  // A UTF-16 unit is at most three bytes.
  return text.length * 3 <= MAX_PART_BYTES || Buffer.byteLength(text) <= MAX_PART_BYTES
    ? parsed(text)
    : unparsed(`the ${part} is longer than ${MAX_PART_BYTES} bytes`);
}

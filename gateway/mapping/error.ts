import { parseNameAddr } from "../../sip/name-addr.ts";
import { REASON_PHRASES } from "../../sip/reason-phrases.ts";
import { isSipUri, parseUri } from "../../sip/uri.ts";
import { formatJid, parseJid } from "../../xmpp/jid.ts";
import type { StanzaError, StanzaErrorCondition, StanzaErrorDetails } from "../../xmpp/stanza-error.ts";
import { type DomainMap, jidFromSip, sipFromJid } from "./address.ts";

/** What a failure is called in SIP. */
export interface SipFailure {
  readonly status: number;
  readonly reason: string; // Unicode
  readonly cause?: string; // for our log, not for the peer
  readonly contact?: string; // with 301 and 302: where the user is now, a name-addr
}

type StatusRow =
  | number
  | { readonly full: number; readonly bare: number }
  | { readonly moved: number; readonly lost: number };

/**
 * Stanza condition -> SIP status. RFC 7247 §7, table 2. `full`: the error is about a full JID, `bare`: about a bare one;
 * `moved`: a new address is given, `lost`: none is.
 */
// biome-ignore format: table
export const SIP_STATUS_FOR_CONDITION = {
  "bad-request":             400,
  "conflict":                400,
  "feature-not-implemented": { full: 405, bare: 501 },
  "forbidden":               { full: 403, bare: 603 },
  "gone":                    { moved: 301, lost: 410 },
  "internal-server-error":   500,
  "item-not-found":          { full: 404, bare: 604 },
  "jid-malformed":           400,
  "not-acceptable":          { full: 406, bare: 606 },
  "not-allowed":             403,
  "not-authorized":          401,
  "policy-violation":        403,
  "recipient-unavailable":   { full: 480, bare: 600 },
  "redirect":                302,
  "registration-required":   407,
  "remote-server-not-found": 404,
  "remote-server-timeout":   408,
  "resource-constraint":     500,
  "service-unavailable":     403, // 503 would make the peer shun the whole gateway
  "subscription-required":   400,
  "undefined-condition":     400,
  "unexpected-request":      491,
} as const satisfies Record<StanzaErrorCondition, StatusRow>;

/** SIP status -> stanza condition. RFC 7247 §7, table 1. */
// biome-ignore format: table
export const CONDITION_FOR_SIP_STATUS: Readonly<Record<number, StanzaErrorCondition>> = {
  300: "redirect", 301: "gone", 302: "redirect", 305: "redirect", 380: "not-acceptable",
  400: "bad-request", 401: "not-authorized", 402: "bad-request", 403: "forbidden", 404: "item-not-found",
  405: "feature-not-implemented", 406: "not-acceptable", 407: "registration-required", 408: "remote-server-timeout",
  410: "gone", 413: "policy-violation", 414: "policy-violation", 415: "not-acceptable", 416: "not-acceptable",
  420: "feature-not-implemented", 421: "not-acceptable", 423: "resource-constraint", 430: "recipient-unavailable",
  439: "feature-not-implemented", 440: "policy-violation", 480: "recipient-unavailable", 481: "item-not-found",
  482: "not-acceptable", 483: "not-acceptable", 484: "item-not-found", 485: "item-not-found", 486: "recipient-unavailable",
  487: "recipient-unavailable", 488: "not-acceptable", 489: "policy-violation", 491: "unexpected-request", 493: "bad-request",
  500: "internal-server-error", 501: "feature-not-implemented", 502: "remote-server-not-found", 503: "internal-server-error",
  504: "remote-server-timeout", 505: "not-acceptable", 513: "policy-violation",
  600: "recipient-unavailable", 603: "recipient-unavailable", 604: "item-not-found", 606: "not-acceptable",
};

/** For a status that table 1 does not list. RFC 7247 §7, RFC 3261 §8.1.3.2. */
// biome-ignore format: table
export const CONDITION_FOR_SIP_CLASS: Readonly<Record<number, StanzaErrorCondition>> = {
  3: "redirect", 4: "bad-request", 5: "internal-server-error", 6: "recipient-unavailable",
};

export interface AboutAddress {
  readonly hasResource: boolean;
  readonly newAddress?: string;
}

export function sipStatusFromCondition(condition: StanzaErrorCondition, about: AboutAddress): number {
  const row: StatusRow = SIP_STATUS_FOR_CONDITION[condition];
  if (typeof row === "number") return row;
  if ("full" in row) return about.hasResource ? row.full : row.bare;
  return about.newAddress === undefined ? row.lost : row.moved;
}

export function conditionFromSipStatus(status: number): StanzaErrorCondition {
  return CONDITION_FOR_SIP_STATUS[status] ?? CONDITION_FOR_SIP_CLASS[Math.floor(status / 100)] ?? "undefined-condition";
}

/** Of a foreign error text: a Reason-Phrase is one line, and the answer must fit a datagram. */
const MAX_SAID = 200;

/**
 * 401 and 407 say "authenticate again" and must carry a challenge (RFC 3261 §22.2), which nobody on the XMPP side can
 * make: a phone would ask its user for a password in vain. What they mean for the sender is 403.
 */
const WITHOUT_CHALLENGE = 403;

/**
 * The SIP answer that tells a sender of an XMPP error. The error's text becomes the Reason-Phrase, the new address of
 * `gone` and `redirect` the Contact. RFC 7247 §7.
 */
export function sipFailureFromStanzaError(
  error: StanzaError,
  about: { readonly hasResource: boolean; readonly domains: DomainMap },
): SipFailure {
  const contact = error.address === undefined ? undefined : contactFromXmppUri(error.address, about.domains);
  const { hasResource } = about;
  const newAddress = contact === undefined ? {} : { newAddress: contact };
  const mapped = sipStatusFromCondition(error.condition, { hasResource, ...newAddress });
  const status = mapped === 401 || mapped === 407 ? WITHOUT_CHALLENGE : mapped;
  const said = error.text?.slice(0, MAX_SAID) ?? REASON_PHRASES[status] ?? "Refused";
  return { status, reason: `${said} (${error.condition})`, ...(contact === undefined ? {} : { contact }) };
}

/** The stanza error that tells a sender of a SIP failure; 301 brings its new address, 410 none. RFC 7247 §7. */
export function stanzaErrorFromSip(failure: SipFailure, domains: DomainMap): StanzaErrorDetails {
  const condition = conditionFromSipStatus(failure.status);
  const address =
    failure.status === 301 || failure.status === 302 ? xmppUriFromContact(failure.contact, domains) : undefined;
  return { condition, ...(address === undefined ? {} : { address }) };
}

const XMPP_SCHEME = "xmpp:"; // RFC 5122

function contactFromXmppUri(uri: string, domains: DomainMap): string | undefined {
  if (!uri.startsWith(XMPP_SCHEME)) return undefined;
  const jid = parseJid(uri.slice(XMPP_SCHEME.length));
  const sip = jid.ok ? sipFromJid(jid.value, domains) : jid;
  return sip.ok ? `<${sip.value}>` : undefined;
}

function xmppUriFromContact(contact: string | undefined, domains: DomainMap): string | undefined {
  const address = contact === undefined ? undefined : parseNameAddr(contact);
  const uri = address?.ok ? parseUri(address.value.uri) : undefined;
  if (!uri?.ok || !isSipUri(uri.value)) return undefined;
  const jid = jidFromSip(uri.value, domains);
  return jid.ok ? `${XMPP_SCHEME}${formatJid(jid.value)}` : undefined;
}

import { decodeUser, encodeUser, formatUri, type SipUri } from "../../sip/uri.ts";
import { type Jid, parseJid } from "../../xmpp/jid.ts";
import { escapeLocalpart, unescapeLocalpart } from "../../xmpp/jid-escaping.ts";
import { type Parsed, parsed, unparsed } from "../../xmpp/parsed.ts";

/** Which XMPP domain stands for a SIP domain and back. A domain that is in neither table keeps its name. */
export interface DomainMap {
  readonly xmppOfSip: ReadonlyMap<string, string>;
  readonly sipOfXmpp: ReadonlyMap<string, string>;
}

export const SAME_DOMAINS: DomainMap = { xmppOfSip: new Map(), sipOfXmpp: new Map() };

/**
 * SIP URI -> JID. The user part is percent-decoded, read as UTF-8 and escaped where XMPP forbids a character; `gr` becomes
 * the resource. A sips: URI is never carried over, since XMPP cannot promise what it promises. RFC 7247 §5, §9; XEP-0106.
 */
export function jidFromSip(uri: SipUri, domains: DomainMap): Parsed<Jid> {
  if (uri.scheme === "sips") return unparsed("a sips: address cannot be carried over to XMPP");
  const host = uri.host.toLowerCase();
  const domain = domains.xmppOfSip.get(host) ?? host;
  if (uri.user === undefined) return parseJid(domain);
  const local = escapeLocalpart(decodeUser(uri.user));
  if (!local.ok) return local;
  const resource = uri.parameters.get("gr");
  return parseJid(`${local.value}@${domain}${resource ? `/${decodeUser(resource)}` : ""}`);
}

/** JID -> SIP URI; the resource becomes `gr` when it is wanted. RFC 7247 §5; XEP-0106. */
export function sipFromJid(
  jid: Jid,
  domains: DomainMap,
  options: { readonly withResource?: boolean } = {},
): Parsed<string> {
  const host = domains.sipOfXmpp.get(jid.domain) ?? jid.domain;
  const resource = options.withResource ? jid.resource : undefined;
  const parameters = new Map(resource === undefined ? [] : [["gr", encodeUser(resource)]]);
  if (jid.local === undefined) return parsed(formatUri({ scheme: "sip", host, parameters, headers: "" }));
  const user = unescapeLocalpart(jid.local);
  if (!user.ok) return user;
  return parsed(formatUri({ scheme: "sip", user: encodeUser(user.value), host, parameters, headers: "" }));
}

/**
 * The name of a local SIP account as people write it: `user@domain`, decoded, in lower case. It is the canonical form of
 * the JID that stands for it, so that both networks mean the same account. RFC 7247 §5.
 */
export function aorFromSip(uri: SipUri): Parsed<string> {
  if (uri.user === undefined) return unparsed("the address names no user");
  const jid = jidFromSip({ ...uri, scheme: "sip", parameters: new Map() }, SAME_DOMAINS);
  return jid.ok ? aorFromJid(jid.value, SAME_DOMAINS) : jid;
}

/** The SIP account that a JID of our component stands for. */
export function aorFromJid(jid: Jid, domains: DomainMap): Parsed<string> {
  if (jid.local === undefined) return unparsed("the address names no user");
  const user = unescapeLocalpart(jid.local);
  if (!user.ok) return user;
  return parsed(`${user.value}@${domains.sipOfXmpp.get(jid.domain) ?? jid.domain}`);
}

/** `user@domain` as typed by a person -> the canonical AOR. */
export function parseAor(text: string): Parsed<string> {
  const at = text.lastIndexOf("@");
  if (at < 1) return unparsed("an account is written user@domain");
  const local = escapeLocalpart(text.slice(0, at));
  if (!local.ok) return local;
  const jid = parseJid(`${local.value}@${text.slice(at + 1)}`);
  return jid.ok ? aorFromJid(jid.value, SAME_DOMAINS) : jid;
}

/** The address-of-record as a SIP URI. */
export function sipFromAor(aor: string): string {
  const at = aor.lastIndexOf("@");
  return `sip:${encodeUser(aor.slice(0, at))}@${aor.slice(at + 1)}`;
}

/** The JID that stands for a local SIP account; a domain alone gives the component itself. */
export function jidFromAor(aor: string, domains: DomainMap): Parsed<Jid> {
  const at = aor.lastIndexOf("@");
  const domain = aor.slice(at + 1);
  const xmppDomain = domains.xmppOfSip.get(domain) ?? domain;
  if (at === -1) return parseJid(xmppDomain);
  const local = escapeLocalpart(aor.slice(0, at));
  if (!local.ok) return local;
  return parseJid(`${local.value}@${xmppDomain}`);
}

import { isSipUri, parseUri } from "../sip/uri.ts";
import type { Jid } from "../xmpp/jid.ts";
import type { Parsed } from "../xmpp/parsed.ts";
import type { Config } from "./config.ts";
import { aorFromJid, aorFromSip, type DomainMap, jidFromSip } from "./mapping/address.ts";
import { type Refusal, refusal } from "./refusal.ts";

/** Who answers for an address. */
export type Destination =
  | { readonly kind: "sip-user"; readonly aor: string }
  | { readonly kind: "xmpp-user"; readonly jid: Jid };

export type Route =
  | { readonly ok: true; readonly destination: Destination }
  | { readonly ok: false; readonly refusal: Refusal };

export interface Served {
  readonly sipDomains: ReadonlySet<string>;
  readonly xmppDomains: ReadonlySet<string>;
  readonly domains: DomainMap;
}

/** Address -> who answers for it. The only place where domains decide. */
export class Routing {
  readonly #served: Served;

  constructor(served: Served) {
    this.#served = served;
  }

  /** Of a Request-URI. */
  ofSipUri(text: string): Route {
    const uri = parseUri(text);
    if (!uri.ok) return unaddressable(uri.why);
    if (!isSipUri(uri.value)) return notServed(text);
    if (uri.value.scheme === "sips") return { ok: false, refusal: refusal("sips") }; // RFC 3261 §26.2.2
    const host = uri.value.host.toLowerCase();
    if (this.#served.sipDomains.has(host)) {
      const aor = aorFromSip(uri.value);
      return aor.ok ? { ok: true, destination: { kind: "sip-user", aor: aor.value } } : unaddressable(aor.why);
    }
    if (!this.#served.xmppDomains.has(host)) return notServed(host);
    const jid = jidFromSip(uri.value, this.#served.domains);
    if (!jid.ok) return unaddressable(jid.why);
    if (jid.value.local === undefined) return unaddressable("the address names no user");
    return { ok: true, destination: { kind: "xmpp-user", jid: jid.value } };
  }

  /** The local SIP account that a JID of our component stands for. */
  aorOfJid(jid: Jid): Parsed<string> {
    return aorFromJid(jid, this.#served.domains);
  }

  isLocalSip(aor: string): boolean {
    return this.#served.sipDomains.has(aor.slice(aor.lastIndexOf("@") + 1));
  }

  get domains(): DomainMap {
    return this.#served.domains;
  }
}

function notServed(what: string): Route {
  return { ok: false, refusal: refusal("not-served", what) };
}

function unaddressable(why: string): Route {
  return { ok: false, refusal: refusal("bad-address", why) };
}

/** The domains of a configuration, as routing and mapping want them. */
export function servedBy(config: Config): Served {
  const pairs = config.xmpp.components.map(({ sipDomain, xmppDomain }) => [sipDomain, xmppDomain] as const);
  return {
    sipDomains: new Set(config.sip.domains),
    xmppDomains: new Set(config.xmpp.domains),
    domains: { xmppOfSip: new Map(pairs), sipOfXmpp: new Map(pairs.map(([sip, xmpp]) => [xmpp, sip])) },
  };
}

import type { Element } from "@xmpp/xml";
import xml from "@xmpp/xml";
import { CHAT_MARKERS_NAMESPACE } from "../chat-markers.ts";
import { CHAT_STATES_NAMESPACE } from "../chat-states.ts";
import { RECEIPTS_NAMESPACE } from "../receipts.ts";
import { errorReply } from "../stanza-error.ts";

const DISCO_INFO = "http://jabber.org/protocol/disco#info";
const DISCO_ITEMS = "http://jabber.org/protocol/disco#items";
const PING = "urn:xmpp:ping";
const VERSION = "jabber:iq:version";
/** The literal feature name, with its backslash. XEP-0106 §6. */
const JID_ESCAPING = "jid\\20escaping";

export interface GatewayIdentity {
  readonly name: string;
  readonly version: string;
  /** Features of the users behind the gateway beyond those that the link itself answers. */
  readonly userFeatures?: readonly string[];
}

/** Whom a request is for: the gateway itself, one of its users, or a client of that user. */
type Addressee = "gateway" | "account" | "client";

interface Query {
  readonly addressee: Addressee;
  readonly payload: Element;
  readonly identity: GatewayIdentity;
}

/** What disco#info says of each. XEP-0030 §3.1; categories and types of the registry at xmpp.org/registrar. */
const DISCO_IDENTITY: Readonly<Record<Addressee, { readonly category: string; readonly type: string }>> = {
  gateway: { category: "gateway", type: "simple" },
  account: { category: "account", type: "registered" },
  client: { category: "client", type: "phone" },
};
/** XEP-0085 §4, XEP-0184 §6, XEP-0333 0.4 §4: clients ask for what they are to send to a person. */
const MESSAGING = [CHAT_STATES_NAMESPACE, RECEIPTS_NAMESPACE, CHAT_MARKERS_NAMESPACE];
const DISCO_FEATURES: Readonly<Record<Addressee, readonly string[]>> = {
  gateway: [DISCO_INFO, DISCO_ITEMS, PING, VERSION, JID_ESCAPING],
  account: [DISCO_INFO, DISCO_ITEMS, PING, VERSION, ...MESSAGING],
  client: [DISCO_INFO, DISCO_ITEMS, PING, VERSION, ...MESSAGING],
};

/** The get requests that are answered, by the name and namespace of their payload; the rest is service-unavailable. */
const ANSWERS: Readonly<Record<string, (query: Query) => Element | undefined>> = {
  [`query ${DISCO_INFO}`]: discoInfo, // XEP-0030 §3
  [`query ${DISCO_ITEMS}`]: () => xml("query", { xmlns: DISCO_ITEMS }), // XEP-0030 §4; nothing is told of who has an account
  [`ping ${PING}`]: () => undefined, // XEP-0199 §4.2: an empty result
  [`query ${VERSION}`]: softwareVersion, // XEP-0092 §3
};

/**
 * The answer to an IQ get or set that reached the component; undefined for results, errors and requests that nobody can
 * be answered for. RFC 6120 §8.2.3: every get and set gets exactly one answer.
 */
export function answerQuery(request: Element, identity: GatewayIdentity): Element | undefined {
  const { type, id, from, to } = request.attrs;
  if ((type !== "get" && type !== "set") || from === undefined || to === undefined) {
    return undefined;
  }
  const [payload, ...others] = request.getChildElements();
  if (id === undefined || payload === undefined || others.length > 0) {
    return errorReply(request, { condition: "bad-request" });
  }
  const answer = type === "get" ? ANSWERS[`${payload.name} ${payload.getNS()}`] : undefined;
  if (answer === undefined) {
    return errorReply(request, { condition: "service-unavailable" });
  }
  if (payload.attrs["node"]) {
    return errorReply(request, { condition: "item-not-found" }); // XEP-0030 §3.2: we have no nodes
  }
  return xml(
    "iq",
    { type: "result", id, from: to, to: from },
    answer({ addressee: addresseeOf(to), payload, identity }),
  );
}

function addresseeOf(to: string): Addressee {
  const [bare = "", resource] = to.split("/", 2);
  if (!bare.includes("@")) {
    return "gateway";
  }
  return resource === undefined ? "account" : "client";
}

function discoInfo({ addressee, identity }: Query): Element {
  const features = [...DISCO_FEATURES[addressee], ...(addressee === "gateway" ? [] : (identity.userFeatures ?? []))];
  return xml(
    "query",
    { xmlns: DISCO_INFO },
    xml("identity", { ...DISCO_IDENTITY[addressee], name: identity.name }),
    ...features.map((feature) => xml("feature", { var: feature })),
  );
}

function softwareVersion({ identity }: Query): Element {
  return xml("query", { xmlns: VERSION }, xml("name", {}, identity.name), xml("version", {}, identity.version));
}

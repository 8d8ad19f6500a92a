import xml, { type Element } from "@xmpp/xml";

const DELAY_NAMESPACE = "urn:xmpp:delay";

/** True when the message has waited somewhere on its way. XEP-0203 §3. */
export function isDelayed(stanza: Element): boolean {
  return stanza.getChild("delay", DELAY_NAMESPACE) !== undefined;
}

/** `from`: the domain where it has waited; `since`: when it came in there. XEP-0203 §3. */
export function delay(from: string, since: Date): Element {
  return xml("delay", { xmlns: DELAY_NAMESPACE, from, stamp: since.toISOString() });
}

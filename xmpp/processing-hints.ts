import xml, { type Element } from "@xmpp/xml";

const HINTS_NAMESPACE = "urn:xmpp:hints";

/** What a server is to do with a message without a body: keep it for whoever is offline, or not. XEP-0334 §4. */
export function processingHint(hint: "store" | "no-store"): Element {
  return xml(hint, { xmlns: HINTS_NAMESPACE });
}

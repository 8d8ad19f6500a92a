import type { Element } from "@xmpp/xml";

/**
 * The elements in which a person's own server sends a copy of a message. A component has no such server: in a message
 * to one of its users they are an attempt to put words in somebody's mouth. `private` of the same namespace is none.
 */
const COPIES = [
  { name: "sent", namespace: "urn:xmpp:carbons:2" }, // XEP-0280
  { name: "received", namespace: "urn:xmpp:carbons:2" }, // XEP-0280
  { name: "result", namespace: "urn:xmpp:mam:1" },
  { name: "result", namespace: "urn:xmpp:mam:2" }, // XEP-0313
] as const;

/** True for a carbon or a message out of an archive, whose inside is not its sender's word. XEP-0280, XEP-0313. */
export function isMessageCopy(stanza: Element): boolean {
  return COPIES.some(({ name, namespace }) => stanza.getChild(name, namespace) !== undefined);
}

import xml, { type Element } from "@xmpp/xml";

/** Clients make threads and ids of some 36 characters; longer ones would be kept, and repeated, for nothing. */
const MAX_ID_LENGTH = 255;

const STANZA_IDS_NAMESPACE = "urn:xmpp:sid:0";

/** An id or thread that can be kept and named again, in UTF-16 units; undefined for one that is empty or too long. */
export function usableId(id: string | undefined): string | undefined {
  return id === undefined || id === "" || id.length > MAX_ID_LENGTH ? undefined : id;
}

/** The id that the sending client gave its message, whatever has happened to the `id` attribute since. XEP-0359. */
export function originIdOf(stanza: Element): string | undefined {
  return usableId(stanza.getChild("origin-id", STANZA_IDS_NAMESPACE)?.attrs["id"]);
}

/** What a client knows a message again by when it comes twice. XEP-0359. */
export function originId(id: string): Element {
  return xml("origin-id", { xmlns: STANZA_IDS_NAMESPACE, id });
}

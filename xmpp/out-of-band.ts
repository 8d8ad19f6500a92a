import type { Element } from "@xmpp/xml";

const OUT_OF_BAND_NAMESPACE = "jabber:x:oob";

/** The address of a file or page that the message is about. XEP-0066 §3. */
export function outOfBandUrlOf(stanza: Element): string | undefined {
  const url = stanza.getChild("x", OUT_OF_BAND_NAMESPACE)?.getChildText("url", OUT_OF_BAND_NAMESPACE)?.trim();
  return url === "" ? undefined : url;
}

import xml, { type Element } from "@xmpp/xml";
import { usableId } from "./message-ids.ts";

export const RECEIPTS_NAMESPACE = "urn:xmpp:receipts";

/** True when the sender wants to be told that its message has arrived. XEP-0184 §7. */
export function asksForReceipt(stanza: Element): boolean {
  return stanza.getChild("request", RECEIPTS_NAMESPACE) !== undefined;
}

/** The ids of the messages that have arrived; one without an id names nothing. XEP-0184 §7. */
export function receiptsIn(stanza: Element): readonly string[] {
  return stanza.getChildren("received", RECEIPTS_NAMESPACE).flatMap((child) => usableId(child.attrs["id"]) ?? []);
}

export function receiptRequest(): Element {
  return xml("request", { xmlns: RECEIPTS_NAMESPACE });
}

export function receipt(id: string): Element {
  return xml("received", { xmlns: RECEIPTS_NAMESPACE, id });
}

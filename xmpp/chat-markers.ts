import xml, { type Element } from "@xmpp/xml";
import { usableId } from "./message-ids.ts";

export const CHAT_MARKERS_NAMESPACE = "urn:xmpp:chat-markers:0";

/** XEP-0333 0.4 §6; version 1.0 keeps `displayed` alone, clients still send the others. */
const MARKS = ["received", "displayed", "acknowledged"] as const;
type Mark = (typeof MARKS)[number];

/** What was done with the message of that id. */
export interface ChatMarker {
  readonly mark: Mark;
  readonly id: string;
}

/** True when the sender wants to be told that its message has been seen. XEP-0333 0.4 §6. */
export function isMarkable(stanza: Element): boolean {
  return stanza.getChild("markable", CHAT_MARKERS_NAMESPACE) !== undefined;
}

/** XEP-0333 0.4 §6; one without an id names nothing. */
export function markersIn(stanza: Element): readonly ChatMarker[] {
  return MARKS.flatMap((mark) =>
    stanza
      .getChildren(mark, CHAT_MARKERS_NAMESPACE)
      .flatMap((child) => usableId(child.attrs["id"]) ?? [])
      .map((id) => ({ mark, id })),
  );
}

export function markable(): Element {
  return xml("markable", { xmlns: CHAT_MARKERS_NAMESPACE });
}

export function chatMarker({ mark, id }: ChatMarker): Element {
  return xml(mark, { xmlns: CHAT_MARKERS_NAMESPACE, id });
}

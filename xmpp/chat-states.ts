import xml, { type Element } from "@xmpp/xml";

export const CHAT_STATES_NAMESPACE = "http://jabber.org/protocol/chatstates";

/** XEP-0085 §2. */
const CHAT_STATES = ["active", "composing", "paused", "inactive", "gone"] as const;
export type ChatState = (typeof CHAT_STATES)[number];

/** The chat state that a message brings; a message has one at most. XEP-0085 §5. */
export function chatStateOf(stanza: Element): ChatState | undefined {
  return CHAT_STATES.find((state) => stanza.getChild(state, CHAT_STATES_NAMESPACE) !== undefined);
}

export function chatState(state: ChatState): Element {
  return xml(state, { xmlns: CHAT_STATES_NAMESPACE });
}

import type { Element } from "@xmpp/xml";
import { type InstantMessage, LANGUAGE_TAG } from "./instant-message.ts";

/** Clients make threads and ids of some 36 characters; longer ones would be kept, and repeated, for nothing. */
const MAX_NAME = 255;

/**
 * Message stanza -> instant message, or undefined when it says nothing to a person (chat state, receipt, marker).
 * A message with only a subject is read as its text. RFC 7572 §4; RFC 6121 §5.2.
 */
export function imFromXmpp(stanza: Element): InstantMessage | undefined {
  const body = preferred(stanza, "body");
  const subject = preferred(stanza, "subject");
  const spoken = body ?? subject;
  if (spoken === undefined) return undefined;
  const text = spoken.text();
  if (text === "") return undefined;
  const language = spoken.attrs["xml:lang"] ?? stanza.attrs["xml:lang"];
  const thread = stanza.getChildText("thread");
  const id = stanza.attrs["id"];
  return {
    text,
    ...(body && subject && subject.text() !== "" ? { subject: subject.text() } : {}),
    ...(language !== undefined && LANGUAGE_TAG.test(language) ? { language } : {}),
    ...(thread && thread.length <= MAX_NAME ? { thread } : {}),
    ...(id === undefined || id.length > MAX_NAME ? {} : { id }),
  };
}

/** Of several languages, the stanza's own comes first: a child without xml:lang, else the first. RFC 6121 §5.2.3. */
function preferred(stanza: Element, name: string): Element | undefined {
  const children = stanza.getChildren(name);
  return children.find((child) => child.attrs["xml:lang"] === undefined) ?? children[0];
}

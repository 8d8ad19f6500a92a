import type { Element } from "@xmpp/xml";
import { usableId } from "./message-ids.ts";

/** Text of a message and the xml:lang that it stands in, as it was written. */
export interface WrittenText {
  readonly text: string;
  readonly language: string | undefined;
}

/** RFC 6120 §4.8.3, XEP-0114: a body of any other namespace is not the message's. undefined: built, not yet sent. */
const CONTENT_NAMESPACES: ReadonlySet<string | undefined> = new Set([
  undefined,
  "jabber:client",
  "jabber:server",
  "jabber:component:accept",
]);

/** RFC 6121 §5.2.3; an empty body is none. */
export function bodyOf(stanza: Element): WrittenText | undefined {
  return preferred(stanza, "body");
}

/** RFC 6121 §5.2.4; an empty subject is none. */
export function subjectOf(stanza: Element): WrittenText | undefined {
  return preferred(stanza, "subject");
}

/** RFC 6121 §5.2.5; a thread too long to be kept is none. */
export function threadOf(stanza: Element): string | undefined {
  return usableId(written(stanza, "thread")[0]?.text());
}

/** Of several languages, the stanza's own comes first: a child without xml:lang, else the first. RFC 6121 §5.2.3. */
function preferred(stanza: Element, name: string): WrittenText | undefined {
  const children = written(stanza, name);
  const chosen = children.find((child) => child.attrs["xml:lang"] === undefined) ?? children[0];
  if (chosen === undefined) return undefined;
  return { text: chosen.text(), language: chosen.attrs["xml:lang"] ?? stanza.attrs["xml:lang"] };
}

function written(stanza: Element, name: string): readonly Element[] {
  return stanza.getChildren(name).filter((child) => CONTENT_NAMESPACES.has(child.getNS()) && child.text() !== "");
}

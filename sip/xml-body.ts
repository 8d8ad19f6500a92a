import { parse } from "ltx";
import { type Parsed, parsed, unparsed } from "./parsed.ts";

/** An element as its reader needs it: namespace prefixes are left out of names. */
export interface XmlElement {
  readonly name: string;
  readonly text: string; // of itself and all within, trimmed
  readonly children: readonly XmlElement[];
}

/** Notices about messages take some 300 bytes. */
const MAX_XML_BYTES = 8192;
/** Those are three deep. */
const MAX_DEPTH = 16;

const NOT_XML = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** A small XML body. One with a DOCTYPE is refused: nothing that SIP clients exchange has one, entity bombs do. */
export function parseXmlBody(body: Buffer): Parsed<XmlElement> {
  if (body.length > MAX_XML_BYTES) return unparsed(`the XML is larger than ${MAX_XML_BYTES} bytes`);
  const text = body.toString("utf8").replace(/^\ufeff/, "");
  if (/<!doctype/i.test(text)) return unparsed("XML with a DOCTYPE");
  try {
    return elementOf(parse(text), MAX_DEPTH);
  } catch {
    return unparsed("the XML is not well-formed");
  }
}

/** The first child of that name. */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

/** Text for an element's content; what XML forbids becomes U+FFFD. */
export function escapeXml(text: string): string {
  return text.replace(NOT_XML, "\ufffd").replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

type LtxElement = ReturnType<typeof parse>;

function elementOf(source: LtxElement, depth: number): Parsed<XmlElement> {
  if (depth === 0) return unparsed("the XML is nested too deep");
  const children: XmlElement[] = [];
  for (const each of source.getChildElements()) {
    const child = elementOf(each, depth - 1);
    if (!child.ok) return child;
    children.push(child.value);
  }
  return parsed({ name: source.getName(), text: source.text().trim(), children });
}

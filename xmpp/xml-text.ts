import type { Element } from "@xmpp/xml";

/** What no XML 1.0 document may hold, escaped or not: most controls, U+FFFE, U+FFFF, lone surrogates. XML 1.0 §2.2. */
const ILLEGAL = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Cs}/u;
const EVERY_ILLEGAL = new RegExp(ILLEGAL.source, "gu");

/** Puts U+FFFD in the place of each character that XML cannot carry; one of them would cost the whole stream. */
export function sanitizeText(text: string): string {
  return ILLEGAL.test(text) ? text.replace(EVERY_ILLEGAL, "\ufffd") : text;
}

export interface ElementMeasure {
  /** 1 for an element without child elements. */
  readonly depth: number;
  /** UTF-16 units of all names, attribute values and text: never more than the serialised bytes. */
  readonly length: number;
}

/** Measures an element without recursion, so that a deep one cannot exhaust the stack. */
export function measureElement(element: Element): ElementMeasure {
  let depth = 0;
  let length = 0;
  let level: readonly Element[] = [element];
  while (level.length > 0) {
    depth += 1;
    const below: Element[] = [];
    for (const one of level) {
      length += one.name.length + attributesLength(one);
      for (const child of one.children) {
        if (typeof child === "string") {
          length += child.length;
        } else {
          below.push(child);
        }
      }
    }
    level = below;
  }
  return { depth, length };
}

function attributesLength(element: Element): number {
  let length = 0;
  for (const name in element.attrs) {
    length += name.length + (element.attrs[name]?.length ?? 0);
  }
  return length;
}

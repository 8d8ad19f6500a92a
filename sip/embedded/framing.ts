import { parseNumber } from "../grammar.ts";
import { type Parsed, parsed, unparsed } from "../parsed.ts";

const END_OF_HEAD = Buffer.from("\r\n\r\n");
const CR = 0x0d;
const LF = 0x0a;

/** Position after the empty line that ends the head which starts at `from`; -1 while it has not come. */
export function headEnd(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(END_OF_HEAD, from);
  return at === -1 ? -1 : at + END_OF_HEAD.length;
}

/** Position of the first byte that belongs to a message: empty lines before it are passed over. RFC 3261 §7.5. */
export function messageStart(bytes: Buffer, from = 0): number {
  let at = from;
  while (bytes[at] === CR || bytes[at] === LF) at++;
  return at;
}

const CONTENT_LENGTH = /\r\n(?:content-length|l)[ \t]*:(?:[ \t]|\r\n[ \t])*([^\r\n]*)/gi;

/**
 * What Content-Length says in a head as latin1, for cutting a stream; undefined when there is none, which in a stream
 * means no body: a second, different or unreadable one leaves no way to find the next message. RFC 3261 §18.3, §20.14.
 */
export function contentLengthOf(head: string): Parsed<number | undefined> {
  let length: number | undefined;
  for (const [, text = ""] of head.matchAll(CONTENT_LENGTH)) {
    const value = parseNumber(text.trimEnd());
    if (value === undefined) return unparsed("Content-Length is not a number");
    if (length !== undefined) return unparsed("Content-Length stands twice");
    length = value;
  }
  return parsed(length);
}

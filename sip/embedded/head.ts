import { isToken, isWhitespace } from "../grammar.ts";
import { canonicalName, type HeaderField, knownName } from "../header-fields.ts";

/** Longest traces seen are 60 lines (every hop adds a Via and a Record-Route); more only makes list searches slow. */
export const MAX_HEADER_LINES = 256;

const SPACE = 0x20;
const TAB = 0x09;

export interface HeaderLines {
  readonly fields: readonly HeaderField[];
  readonly names: readonly string[]; // canonical, of the same length
  /** Why the head as a whole is malformed; what could be read of it stands in the fields. */
  readonly fault: string | undefined;
}

/** The header lines of a head from the position after the start line. RFC 3261 §7.3.1. */
export function parseHeaderLines(head: string, from: number): HeaderLines {
  const fields: HeaderField[] = [];
  const names: string[] = [];
  let fault: string | undefined;
  for (let at = from; at < head.length; ) {
    let end = lineEnd(head, at);
    if (end === at) break; // the empty line
    const folded = isContinuation(head, end + 2);
    while (end !== -1 && isContinuation(head, end + 2)) end = lineEnd(head, end + 2);
    if (end === -1) fault ??= "a CR or LF stands alone in the head";
    else if (fields.length === MAX_HEADER_LINES) fault ??= `more than ${MAX_HEADER_LINES} header lines`;
    if (end === -1 || fields.length === MAX_HEADER_LINES) break;

    const colon = head.indexOf(":", at);
    const name = colon === -1 || colon >= end ? "" : nameBefore(head, at, colon);
    const canonical = knownName(name) ?? properName(name);
    if (canonical === undefined) fault ??= "a header line has no proper name";
    else {
      fields.push([name, folded ? unfolded(head.slice(colon + 1, end)) : fieldValue(head, colon + 1, end)]);
      names.push(canonical);
    }
    at = end + 2;
  }
  return { fields, names, fault };
}

/**
 * Position of the CRLF that ends the line, or of the end of an unfinished last line; -1 when a CR or LF stands alone: it
 * is no line end here but may be one to the next reader, who would then see other headers than we did.
 */
function lineEnd(head: string, from: number): number {
  const end = head.indexOf("\r", from);
  const lineFeed = head.indexOf("\n", from);
  if (lineFeed === end + 1 && end !== -1) return end;
  return end === -1 && lineFeed === -1 ? head.length : -1;
}

function isContinuation(head: string, at: number): boolean {
  const code = head.charCodeAt(at);
  return code === SPACE || code === TAB;
}

/** White space may stand before the colon, and real messages have it. RFC 3261 §25.1 HCOLON. */
function nameBefore(head: string, from: number, colon: number): string {
  return isContinuation(head, colon - 1) ? head.slice(from, colon).trimEnd() : head.slice(from, colon);
}

function properName(name: string): string | undefined {
  return isToken(name) ? canonicalName(name) : undefined;
}

function fieldValue(head: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isWhitespace(head.charCodeAt(start))) start++;
  while (end > start && isWhitespace(head.charCodeAt(end - 1))) end--;
  return head.slice(start, end);
}

/** A fold, with the white space around it, is one space. RFC 3261 §7.3.1. */
function unfolded(value: string): string {
  const lines = value.split("\r\n").map((line) => line.trim());
  return lines.filter((line) => line !== "").join(" ");
}

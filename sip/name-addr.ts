import { quotedEnd, skipWhitespace, unquote } from "./grammar.ts";
import { type Parameters, parseParameters } from "./parameters.ts";
import { type Parsed, parsed, unparsed } from "./parsed.ts";
import { uriFault } from "./uri.ts";

/** A From, To or Contact value. RFC 3261 §20.10. */
export interface NameAddr {
  readonly displayName: string | undefined; // unquoted, latin1
  readonly uri: string;
  readonly tag: string | undefined;
  readonly parameters: Parameters; // header parameters, not those of the URI
}

const QUOTE = 0x22;
// Wider than the grammar's tokens: phones write raw UTF-8 and e-mail addresses there. A comma or a semicolon is never meant.
const NOT_DISPLAY_NAME = /[",;>\\\0-\x08\x0a-\x1f\x7f]/;

/**
 * `"Bob" <sip:bob@sip.test;uriParameter>;headerParameter` or `sip:bob@sip.test;headerParameter`: without angle brackets
 * every parameter is the header's, and the URI may hold neither comma nor question mark. RFC 3261 §20.10.
 */
export function parseNameAddr(text: string): Parsed<NameAddr> {
  const start = skipWhitespace(text, 0);
  if (text.charCodeAt(start) === QUOTE) return parseAfterQuotedName(text, start);
  const open = text.indexOf("<", start);
  if (open === -1) return parseAddrSpec(text, start);
  if (open === start) return parseBracketed(text, open, undefined);
  const displayName = text.slice(start, open).trimEnd();
  if (NOT_DISPLAY_NAME.test(displayName)) return unparsed("a display name needs quotes");
  return parseBracketed(text, open, displayName);
}

function parseAfterQuotedName(text: string, start: number): Parsed<NameAddr> {
  const nameEnd = quotedEnd(text, start);
  if (nameEnd === -1) return unparsed("a quoted display name is not closed");
  const open = skipWhitespace(text, nameEnd);
  if (text[open] !== "<") return unparsed("a display name is not followed by an angle bracket");
  return parseBracketed(text, open, unquote(text.slice(start, nameEnd)) || undefined);
}

function parseBracketed(text: string, open: number, displayName: string | undefined): Parsed<NameAddr> {
  const close = text.indexOf(">", open);
  if (close === -1) return unparsed("an angle bracket is not closed");
  return finish(text.slice(open + 1, close), displayName, parseParameters(text, close + 1));
}

function parseAddrSpec(text: string, start: number): Parsed<NameAddr> {
  const semicolon = text.indexOf(";", start);
  const end = semicolon === -1 ? text.length : semicolon;
  const uri = text.slice(start, end).trimEnd();
  if (uri.includes("?") || uri.includes(","))
    return unparsed("a URI with a comma or question mark needs angle brackets");
  return finish(uri, undefined, parseParameters(text, end));
}

function finish(uri: string, displayName: string | undefined, parameters: Parsed<Parameters>): Parsed<NameAddr> {
  if (!parameters.ok) return parameters;
  const fault = uriFault(uri);
  if (fault !== undefined) return fault;
  return parsed({ displayName, uri, tag: parameters.value.get("tag"), parameters: parameters.value });
}

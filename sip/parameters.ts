import { characterClass, LATIN1, quote, quotedEnd, skipWhitespace, tokenEnd, unquote } from "./grammar.ts";
import { type Parsed, parsed, unparsed } from "./parsed.ts";

/** Names in lower case; undefined: a flag. Quoted values are unquoted. */
export type Parameters = ReadonlyMap<string, string | undefined>;

export const NO_PARAMETERS: Parameters = new Map();

const NEEDS_QUOTES = /[^0-9A-Za-z\-.!%*_+`'~[\]:]/; // neither token nor host
const NOT_UNQUOTED = ';,"<> \t\r\n\0';
const UNQUOTED = characterClass(LATIN1.filter((character) => !NOT_UNQUOTED.includes(character)));
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;

/**
 * `*( ";" generic-param )` from a position to the end of the text. RFC 3261 §25.1; a name that stands twice is refused
 * (§7.3.1), an unquoted value may hold more than token and host characters, since real peers put URIs there.
 */
export function parseParameters(text: string, from: number): Parsed<Parameters> {
  let at = skipWhitespace(text, from);
  if (at === text.length) return parsed(NO_PARAMETERS);
  const parameters = new Map<string, string | undefined>();
  while (at < text.length) {
    if (text.charCodeAt(at) !== SEMICOLON) return unparsed("a parameter does not start with a semicolon");
    const nameStart = skipWhitespace(text, at + 1);
    const nameEnd = tokenEnd(text, nameStart);
    if (nameEnd === nameStart) return unparsed("a parameter has no name");
    const name = text.slice(nameStart, nameEnd).toLowerCase();
    if (parameters.has(name)) return unparsed(`parameter ${name} stands twice`);
    at = skipWhitespace(text, nameEnd);
    if (text.charCodeAt(at) !== EQUALS) {
      parameters.set(name, undefined);
      continue;
    }
    const valueStart = skipWhitespace(text, at + 1);
    const valueEnd = parameterValueEnd(text, valueStart);
    if (valueEnd <= valueStart) return unparsed(`parameter ${name} has no proper value`);
    const value = text.slice(valueStart, valueEnd);
    parameters.set(name, text.charCodeAt(valueStart) === QUOTE ? unquote(value) : value);
    at = skipWhitespace(text, valueEnd);
  }
  return parsed(parameters);
}

/** Position after a token, host or quoted-string; -1 for a quoted-string that never closes. */
export function parameterValueEnd(text: string, from: number): number {
  if (text.charCodeAt(from) === QUOTE) return quotedEnd(text, from);
  let at = from;
  while (at < text.length && UNQUOTED[text.charCodeAt(at)] === 1) at++;
  return at;
}

/** `;name=value` for each, values quoted where they must be. */
export function formatParameters(parameters: Parameters): string {
  let text = "";
  for (const [name, value] of parameters) {
    if (value === undefined) text += `;${name}`;
    else text += `;${name}=${value === "" || NEEDS_QUOTES.test(value) ? quote(value) : value}`;
  }
  return text;
}

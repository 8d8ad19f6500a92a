/** Basic rules of the SIP grammar, walked by position. RFC 3261 §25.1. */

const ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const TOKEN = characterClass(`${ALPHANUMERIC}-.!%*_+\`'~`);
const NOT_TOKEN = /[^0-9A-Za-z\-.!%*_+`'~]/;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const BACKSLASH = 0x5c;

/** Every character of a head. */
export const LATIN1: readonly string[] = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));

/** A look-up table by latin1 char code: 1 for the characters given. */
export function characterClass(characters: Iterable<string>): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

export function isToken(text: string): boolean {
  return text !== "" && !NOT_TOKEN.test(text);
}

/** Position after the token that starts at `from`; `from` itself when there is none. */
export function tokenEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && TOKEN[text.charCodeAt(at)] === 1) at++;
  return at;
}

export function isWhitespace(code: number): boolean {
  return code === SPACE || code === TAB || code === CR || code === LF;
}

/** Position of the first character at or after `from` that is no linear white space. */
export function skipWhitespace(text: string, from: number): number {
  let at = from;
  while (at < text.length && isWhitespace(text.charCodeAt(at))) at++;
  return at;
}

/** Position after the closing quote of the quoted-string that opens at `from`; -1 when it never closes. */
export function quotedEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === BACKSLASH) at++;
  }
  return -1;
}

/** The text between the quotes, with its quoted-pairs undone. Takes what `quotedEnd` has measured. */
export function unquote(quoted: string): string {
  const inner = quoted.slice(1, -1);
  return inner.includes("\\") ? inner.replace(/\\([\s\S])/g, "$1") : inner;
}

/** A quoted-string of the text. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** `1*DIGIT` as a number, which may be Infinity; undefined when it is anything else. */
export function parseNumber(text: string): number | undefined {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < DIGIT_0 || code > DIGIT_9) return undefined;
  }
  return text === "" ? undefined : Number(text);
}

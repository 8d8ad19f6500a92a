/** The %HH escapes of SIP URIs, and which characters of which part do without. RFC 3261 §25.1. */

import { characterClass } from "./grammar.ts";

const UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()";

interface UriPart {
  readonly plain: Uint8Array; // by char code: 1 where no escape is needed
  readonly foreign: RegExp; // finds a character that is neither plain nor "%"
}

function uriPart(alsoPlain: string): UriPart {
  const escaped = `${UNRESERVED}${alsoPlain}`.replace(/[\]\\^-]/g, "\\$&");
  return { plain: characterClass(UNRESERVED + alsoPlain), foreign: new RegExp(`[^%${escaped}]`) };
}

/** RFC 3261 §25.1: user-unreserved, password, param-unreserved, hnv-unreserved (with the separators of headers). */
export const USER = uriPart("&=+$,;?/");
export const PASSWORD = uriPart("&=+$,");
export const PARAMETER = uriPart("[]/:&+$");
export const HEADERS = uriPart("[]/?:+$&=");

const BROKEN_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
const ESCAPES = /%([0-9A-Fa-f]{2})/g;
const UNRESERVED_BYTES = characterClass(UNRESERVED);

/** Whether every character of a part may stand there and every % begins an escape. */
export function isWellEscaped(text: string, part: UriPart): boolean {
  if (text === "") return true;
  return !part.foreign.test(text) && !(text.includes("%") && BROKEN_ESCAPE.test(text));
}

/** A part as written → its bytes as latin1. A broken escape stays as it is. */
export function percentDecode(text: string): string {
  if (!text.includes("%")) return text;
  return text.replace(ESCAPES, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Bytes as latin1 → the part as it is written. */
export function percentEncode(latin1: string, part: UriPart): string {
  if (!part.foreign.test(latin1) && !latin1.includes("%")) return latin1;
  let text = "";
  for (let at = 0; at < latin1.length; at++) {
    const code = latin1.charCodeAt(at);
    text += part.plain[code] === 1 ? latin1[at] : escapeOf(code);
  }
  return text;
}

/** Escapes what may not stand in a part and leaves the escapes that are there, so that no part spills into the next. */
export function contained(text: string, part: UriPart): string {
  if (isWellEscaped(text, part)) return text;
  return text.replace(/%[0-9A-Fa-f]{2}|[\s\S]/g, (piece) => (piece.length === 3 ? piece : percentEncode(piece, part)));
}

/**
 * One spelling for all equal spellings of a part: escapes of unreserved characters undone, the others in upper case.
 * Escaped reserved characters stay apart from plain ones. RFC 3261 §19.1.4.
 */
export function normalizedEscapes(text: string): string {
  if (!text.includes("%")) return text;
  return text.replace(ESCAPES, (written, hex: string) => {
    const code = Number.parseInt(hex, 16);
    return UNRESERVED_BYTES[code] === 1 ? String.fromCharCode(code) : written.toUpperCase();
  });
}

function escapeOf(code: number): string {
  return `%${code.toString(16).toUpperCase().padStart(2, "0")}`;
}

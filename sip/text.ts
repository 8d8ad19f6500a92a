/**
 * The two readings of a head's text. Header text is handled as latin1, one char a byte, so that no byte is lost;
 * RFC 3261 §25.1 makes it UTF-8 for people.
 */

const NON_ASCII = /[^\0-\x7f]/;

/** Bytes held as latin1 → the Unicode text that they spell; a broken sequence becomes U+FFFD. */
export function utf8FromLatin1(latin1: string): string {
  return NON_ASCII.test(latin1) ? Buffer.from(latin1, "latin1").toString("utf8") : latin1;
}

/** Unicode text → its UTF-8 bytes held as latin1, fit for a header field. */
export function latin1FromUtf8(text: string): string {
  return NON_ASCII.test(text) ? Buffer.from(text, "utf8").toString("latin1") : text;
}

/**
 * A copy of a latin1 text that shares no memory. V8 keeps a slice as a pointer into the text that it was cut from, so
 * one Call-ID kept in a table keeps a whole head of up to 64 KiB alive: whoever keeps a parsed text beyond the life of
 * its message keeps `detached(text)`.
 */
export function detached(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("latin1");
}

import { type Parsed, parsed, unparsed } from "./parsed.ts";

const MAX_LABEL_LENGTH = 40; // the longest registered charset name
/** 0x80 to 0x9f of Windows-1252; the five holes stay as they are. */
const WINDOWS_1252_HIGH = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";
const UTF16_BIG_ENDIAN_MARK = Buffer.from([0xfe, 0xff]);

/**
 * The text of a body, byte for byte: nothing is trimmed. A broken sequence in a declared charset becomes U+FFFD; a
 * charset that is not known is named in the reason. RFC 3428 §4, RFC 2046 §4.1.2.
 */
export function decodeText(body: Buffer, charset: string | undefined): Parsed<string> {
  const label = charset?.trim().toLowerCase();
  // ASCII is part of both guesses, and who declares it and sends more bytes has declared nothing.
  if (label === undefined || label === "" || label === "us-ascii") return parsed(undeclared(body));
  if (label.length > MAX_LABEL_LENGTH) return unparsed("charset name too long");
  const decoder = decoderFor(label === "utf-16" ? utf16Order(body) : label);
  if (decoder === undefined) return unparsed(`unknown charset ${label}`);
  return parsed(decoder.encoding === "windows-1252" ? windows1252(body) : decoder.decode(body));
}

/** What phones send without a word: UTF-8 the newer ones (RFC 3428 §4 example), Windows-1252 the older ones. */
function undeclared(body: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return windows1252(body);
  }
}

/** By hand, since TextDecoder of Node 20 reads Windows-1252 (and so ISO-8859-1) as plain latin1: "€" would be U+0080. */
function windows1252(body: Buffer): string {
  return body
    .toString("latin1")
    .replace(/[\x80-\x9f]/g, (high) => WINDOWS_1252_HIGH[high.charCodeAt(0) - 0x80] ?? high);
}

function decoderFor(label: string): TextDecoder | undefined {
  try {
    // In UTF-8 the mark is a character that was sent; in UTF-16 it tells the byte order and is no text.
    return new TextDecoder(label, { ignoreBOM: !label.startsWith("utf-16") });
  } catch {
    return undefined;
  }
}

/** The mark decides. Without one little-endian, as nearly all of it is, though RFC 2781 §4.3 would have it big-endian. */
function utf16Order(body: Buffer): string {
  return body.subarray(0, 2).equals(UTF16_BIG_ENDIAN_MARK) ? "utf-16be" : "utf-16le";
}

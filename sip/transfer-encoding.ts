import type { Decoded } from "./content-coding.ts";

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Undoes the Content-Transfer-Encoding of a MIME part. RFC 2045 §6. */
export function decodeTransfer(body: Buffer, encoding: string | undefined): Decoded {
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case "7bit":
    case "8bit":
    case "binary":
      return { ok: true, body };
    case "base64":
      return fromBase64(body.toString("latin1"));
    case "quoted-printable":
      return { ok: true, body: fromQuotedPrintable(body.toString("latin1")) };
    default:
      return { ok: false, kind: "unknown", why: `Content-Transfer-Encoding ${encoding} is not understood` };
  }
}

/** RFC 2045 §6.8: line breaks are no data. */
function fromBase64(text: string): Decoded {
  const digits = text.replace(/\s+/g, "");
  if (!BASE64.test(digits)) return { ok: false, kind: "broken", why: "the base64 is damaged" };
  return { ok: true, body: Buffer.from(digits, "base64") };
}

/** RFC 2045 §6.7: blanks at a line's end were added on the way; `=` that escapes nothing stands for itself. */
function fromQuotedPrintable(text: string): Buffer {
  const decoded = text
    .split("\n")
    .map(withoutTrailingBlanks)
    .join("\n")
    .replace(/=\r?\n/g, "")
    .replace(/=([0-9A-Fa-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(decoded, "latin1");
}

function withoutTrailingBlanks(line: string): string {
  const hasReturn = line.endsWith("\r");
  let end = hasReturn ? line.length - 1 : line.length;
  while (line[end - 1] === " " || line[end - 1] === "\t") end--;
  return line.slice(0, end) + (hasReturn ? "\r" : "");
}

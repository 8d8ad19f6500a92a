import { gunzipSync, inflateRawSync, inflateSync } from "node:zlib";

/** The content codings that a body may come in, as Accept-Encoding tells them. RFC 3261 §20.2. */
export const ACCEPTED_ENCODINGS = "deflate, gzip, identity";

/** A coding inside a coding saves nothing: two are somebody's mistake, more are somebody's bomb. */
const MAX_CODINGS = 2;

/** A body without its encoding, or why that is not to be had. */
export type Decoded =
  | { readonly ok: true; readonly body: Buffer }
  | { readonly ok: false; readonly kind: "unknown" | "broken" | "too-large"; readonly why: string };

type Unpack = (body: Buffer, maxBytes: number) => Buffer;

/** RFC 2616 §3.5, to which RFC 3261 §20.12 refers; `x-gzip` is gzip's older name. */
const UNPACK: ReadonlyMap<string, Unpack> = new Map([
  ["deflate", unpackDeflate],
  ["gzip", unpackGzip],
  ["x-gzip", unpackGzip],
]);

/**
 * Undoes the codings that Content-Encoding lists, the last one first. What grows beyond `maxBytes` (1 or more) on the way
 * is given up there and then. RFC 3261 §20.12.
 */
export function decodeContent(body: Buffer, contentEncoding: readonly string[], maxBytes: number): Decoded {
  const codings = contentEncoding.map((coding) => coding.toLowerCase()).filter((coding) => coding !== "identity");
  if (codings.length > MAX_CODINGS) return { ok: false, kind: "unknown", why: "there are too many content codings" };
  let decoded = body;
  for (const coding of codings.reverse()) {
    const unpack = UNPACK.get(coding);
    if (unpack === undefined)
      return { ok: false, kind: "unknown", why: `Content-Encoding ${coding} is not understood` };
    try {
      decoded = unpack(decoded, maxBytes);
    } catch (error) {
      return failureOf(error);
    }
  }
  return { ok: true, body: decoded };
}

/** RFC 1950 is what the name means; older peers send the bare RFC 1951 stream, which no check sum tells apart. */
function unpackDeflate(body: Buffer, maxBytes: number): Buffer {
  const options = { maxOutputLength: maxBytes };
  if (!hasZlibHeader(body)) return inflateRawSync(body, options);
  try {
    return inflateSync(body, options);
  } catch (error) {
    if (codeOf(error) !== "Z_DATA_ERROR") throw error;
    return inflateRawSync(body, options); // a bare stream may begin like a header
  }
}

function unpackGzip(body: Buffer, maxBytes: number): Buffer {
  return gunzipSync(body, { maxOutputLength: maxBytes });
}

/** RFC 1950 §2.2: method 8, and a check that makes the two bytes a multiple of 31. */
function hasZlibHeader(body: Buffer): boolean {
  return body.length >= 2 && ((body[0] ?? 0) & 0x0f) === 8 && body.readUInt16BE(0) % 31 === 0;
}

function failureOf(error: unknown): Decoded {
  const isTooLarge = codeOf(error) === "ERR_BUFFER_TOO_LARGE";
  if (isTooLarge) return { ok: false, kind: "too-large", why: "the unpacked body is too large" };
  return { ok: false, kind: "broken", why: "the compressed body is damaged" };
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

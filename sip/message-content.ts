import { ACCEPTED_ENCODINGS, type Decoded, decodeContent } from "./content-coding.ts";
import { type ContentType, parseContentType } from "./content-type.ts";
import { parseCpim } from "./cpim.ts";
import type { HeaderField, HeaderFields } from "./header-fields.ts";
import { textFromHtml } from "./html-text.ts";
import { IMDN_TYPE, type Imdn, parseImdn } from "./imdn.ts";
import { IS_COMPOSING_TYPE, type IsComposing, parseIsComposing } from "./is-composing.ts";
import { type MimePart, MULTIPART_LIMITS, parseMultipart } from "./multipart.ts";
import { parseParameters } from "./parameters.ts";
import type { Unparsed } from "./parsed.ts";
import { decodeText } from "./text-body.ts";
import { decodeTransfer } from "./transfer-encoding.ts";

/** What somebody wrote, with what the CPIM around it says. */
export interface WrittenContent {
  readonly kind: "text";
  readonly text: string;
  readonly subject?: string | undefined;
  readonly messageId?: string | undefined; // imdn.Message-ID
  readonly dispositions?: readonly string[] | undefined; // e.g. "positive-delivery"
}

/** What the body of a MESSAGE says, whatever it is wrapped in. */
export type MessageContent =
  | WrittenContent
  | { readonly kind: "imdn"; readonly imdn: Imdn }
  | { readonly kind: "composing"; readonly composing: IsComposing };

/** The answer to a body that cannot be read. RFC 3261 §21.4.1, §21.4.11, §21.4.13. */
export interface UnreadContent {
  readonly ok: false;
  readonly status: 400 | 413 | 415;
  readonly why: string;
  readonly accept?: HeaderField; // what a 415 tells of what would be read
}

type Read = { readonly ok: true; readonly content: MessageContent } | UnreadContent;

/** Reads one entity of a type; `parameters` are those of its Content-Type. */
type Reader = (body: Buffer, type: ContentType, reading: Reading) => Read;

/** What one message may still cost, over all its parts. */
interface Reading {
  readonly maxBytes: number;
  readonly depth: number;
  readonly budget: { unpackedBytes: number; parts: number };
}

/** RFC 3428 §7 and §8 (text/plain, message/cpim), RFC 7572 §4 (text/html), RFC 3994, RFC 5438. */
const READERS: ReadonlyMap<string, Reader> = new Map([
  ["text/plain", readPlain],
  ["text/html", readHtml],
  ["application/xhtml+xml", readHtml],
  ["message/cpim", readCpim],
  [IMDN_TYPE, readImdn],
  [IS_COMPOSING_TYPE, readComposing],
  ["multipart/alternative", readAlternative],
  ["multipart/mixed", readMixed],
]);

/** The media types that a MESSAGE may bring, the plainest first. */
export const READABLE_TYPES: readonly string[] = [...READERS.keys()];

/** A message in CPIM, of text with attachments, in plain and HTML. */
const MAX_DEPTH = 3;
/** CPIM and its content may both be packed; each alone stays within the limit. */
const MAX_UNPACKED_SHARE = 2;

/**
 * Reads a body by its Content-Type, Content-Encoding and Content-Transfer-Encoding, through CPIM and multipart. `maxBytes`
 * limits what a compressed body may grow to.
 */
export function readMessageContent(entity: MimePart, maxBytes: number): Read {
  const budget = { unpackedBytes: MAX_UNPACKED_SHARE * maxBytes, parts: MULTIPART_LIMITS.maxParts };
  return readEntity(entity, { maxBytes, depth: MAX_DEPTH, budget });
}

function readEntity({ headers, body }: MimePart, reading: Reading): Read {
  // COMPAT: RFC 3261 §20.15 wants a Content-Type; text is meant, as RFC 2045 §5.2 has it
  const type = parseContentType(headers.get("content-type") ?? "text/plain");
  if (!type.ok) return { ok: false, status: 400, why: `Content-Type: ${type.why}` };
  const { mediaType } = type.value;
  // RFC 2046 §5.1.3: a multipart that is not known is mixed
  const read = READERS.get(mediaType) ?? (mediaType.startsWith("multipart/") ? readMixed : undefined);
  if (read === undefined) return unaccepted(`${mediaType} is not understood`);
  const content = decoded(headers, body, reading);
  return content.ok ? read(content.body, type.value, reading) : refusalOf(content, reading);
}

/** The transfer encoding was put on last. RFC 2045 §6, RFC 3261 §20.12. */
function decoded(headers: HeaderFields, body: Buffer, { maxBytes, budget }: Reading): Decoded {
  const transferred = decodeTransfer(body, headers.get("content-transfer-encoding"));
  const codings = headers.list("content-encoding");
  if (!transferred.ok || codings.length === 0) return transferred;
  const content = decodeContent(transferred.body, codings, Math.max(1, Math.min(maxBytes, budget.unpackedBytes)));
  if (content.ok) budget.unpackedBytes -= content.body.length;
  return content;
}

function refusalOf(failure: Exclude<Decoded, { ok: true }>, { maxBytes }: Reading): UnreadContent {
  switch (failure.kind) {
    case "unknown":
      return { ok: false, status: 415, why: failure.why, accept: ["Accept-Encoding", ACCEPTED_ENCODINGS] };
    case "too-large":
      return { ok: false, status: 413, why: `${failure.why}, at most ${maxBytes} bytes can be sent` };
    case "broken":
      return { ok: false, status: 400, why: failure.why };
  }
}

function unaccepted(why: string): UnreadContent {
  return { ok: false, status: 415, why, accept: ["Accept", READABLE_TYPES.join(", ")] };
}

function malformed({ why }: Unparsed): UnreadContent {
  return { ok: false, status: 400, why };
}

function readPlain(body: Buffer, { parameters }: ContentType): Read {
  const text = decodeText(body, parameters.get("charset"));
  return text.ok ? { ok: true, content: { kind: "text", text: text.value } } : unaccepted(text.why);
}

function readHtml(body: Buffer, { parameters }: ContentType): Read {
  const html = decodeText(body, parameters.get("charset"));
  return html.ok ? { ok: true, content: { kind: "text", text: textFromHtml(html.value) } } : unaccepted(html.why);
}

function readImdn(body: Buffer): Read {
  const imdn = parseImdn(body);
  return imdn.ok ? { ok: true, content: { kind: "imdn", imdn: imdn.value } } : malformed(imdn);
}

function readComposing(body: Buffer): Read {
  const composing = parseIsComposing(body);
  return composing.ok ? { ok: true, content: { kind: "composing", composing: composing.value } } : malformed(composing);
}

/** Addresses inside are not believed, since only the SIP head was authenticated. RFC 3862, RFC 5438 §6. */
function readCpim(body: Buffer, _type: ContentType, reading: Reading): Read {
  const cpim = parseCpim(body);
  if (!cpim.ok) return malformed(cpim);
  const { content, subject, messageId, dispositions } = cpim.value;
  const inner = readInner(content, reading);
  if (!inner.ok || inner.content.kind !== "text") return inner;
  return { ok: true, content: { ...inner.content, subject, messageId, dispositions } };
}

/** The part that comes nearest to plain text and says something; of the others the last is the best. RFC 2046 §5.1.4. */
function readAlternative(body: Buffer, { parameters }: ContentType, reading: Reading): Read {
  const parts = partsOf(body, parameters.get("boundary"), reading);
  if (!parts.ok) return parts;
  let best: Read | undefined;
  for (const part of parts.parts.toReversed().sort((one, other) => plainness(other) - plainness(one))) {
    const read = readInner(part, reading);
    if (read.ok && !isBlank(read.content)) return read;
    if (best === undefined || (read.ok && !best.ok)) best = read;
  }
  return best ?? { ok: true, content: BLANK };
}

/**
 * Every text, one below the other. In the place of a part that is not understood stands a notice, so that nobody takes the
 * rest for the whole, unless its sender says that it may be left out; without any text the whole is refused. RFC 3261
 * §20.11, RFC 5621 §8.
 */
function readMixed(body: Buffer, { parameters }: ContentType, reading: Reading): Read {
  const parts = partsOf(body, parameters.get("boundary"), reading);
  if (!parts.ok) return parts;
  const contents: MessageContent[] = [];
  const unread: UnreadContent[] = [];
  for (const part of parts.parts) {
    const read = readInner(part, reading);
    if (read.ok) contents.push(read.content);
    else if (read.status !== 415) return read;
    else if (!isOptional(part.headers)) unread.push(read);
  }
  const texts = contents.filter((content): content is WrittenContent => content.kind === "text" && !isBlank(content));
  const [first] = texts;
  if (first === undefined) return unread[0] ?? { ok: true, content: contents.find((one) => !isBlank(one)) ?? BLANK };
  const lines = [
    ...texts.map(({ text }) => text),
    ...unread.map(({ why }) => `[A part of this message is left out: ${why}]`),
  ];
  return { ok: true, content: { ...first, text: lines.join("\n") } };
}

const BLANK: WrittenContent = { kind: "text", text: "" };

function isBlank(content: MessageContent): boolean {
  return content.kind === "text" && content.text === "";
}

function readInner(part: MimePart, reading: Reading): Read {
  if (reading.depth === 0) return { ok: false, status: 400, why: "the body is nested too deep" };
  return readEntity(part, { ...reading, depth: reading.depth - 1 });
}

type Parts = { readonly ok: true; readonly parts: readonly MimePart[] } | UnreadContent;

function partsOf(body: Buffer, boundary: string | undefined, { budget }: Reading): Parts {
  const parts = parseMultipart(body, boundary);
  if (!parts.ok) return malformed(parts);
  budget.parts -= parts.value.length;
  return budget.parts < 0 ? { ok: false, status: 400, why: "too many parts" } : { ok: true, parts: parts.value };
}

function plainness({ headers }: MimePart): number {
  const type = parseContentType(headers.get("content-type") ?? "text/plain");
  if (!type.ok) return 0;
  if (type.value.mediaType === "text/plain") return 2;
  return READERS.get(type.value.mediaType) === readHtml ? 1 : 0;
}

/** `handling=required` is the default. RFC 3261 §20.11. */
function isOptional(headers: HeaderFields): boolean {
  const disposition = headers.get("content-disposition") ?? "";
  const parameters = parseParameters(disposition, `${disposition};`.indexOf(";"));
  return parameters.ok && parameters.value.get("handling")?.toLowerCase() === "optional";
}

import { parseContentType } from "./content-type.ts";
import { CPIM_LIMITS, type CpimBlock, readBlock } from "./cpim-block.ts";
import { parseDeltaSeconds } from "./field-values.ts";
import { type HeaderField, HeaderFields } from "./header-fields.ts";
import { type Parsed, parsed, type Unparsed, unparsed } from "./parsed.ts";
import { utf8FromLatin1 } from "./text.ts";

/** `Formal Name <uri>`. RFC 3862 §4.1. */
export interface CpimAddress {
  readonly name: string | undefined;
  readonly uri: string;
}

/** One metadata header: the name as written, the value unescaped. RFC 3862 §3.1. */
export interface CpimHeader {
  readonly name: string; // with its prefix, e.g. "imdn.Message-ID"
  readonly value: string;
}

/** The enclosed MIME part. */
export interface CpimContent {
  readonly contentType: string; // as written; "text/plain" when it says nothing (RFC 2045 §5.2)
  readonly mediaType: string; // lower case, without parameters
  readonly charset: string | undefined;
  readonly headers: HeaderFields;
  readonly body: Buffer;
}

/** A message/cpim object. RFC 3862; the imdn headers of RFC 5438 §6. Text is Unicode. */
export interface CpimMessage {
  readonly headers: readonly CpimHeader[];
  readonly from: CpimAddress | undefined;
  readonly to: CpimAddress | undefined; // the first
  readonly dateTime: string | undefined; // RFC 3339
  readonly subject: string | undefined; // the first, whatever its language
  readonly namespaces: ReadonlyMap<string, string>; // prefix → URI; "" for the default one
  readonly messageId: string | undefined;
  readonly dispositions: readonly string[]; // e.g. "positive-delivery"; lower case
  readonly content: CpimContent;
}

export interface CpimParts {
  readonly from: CpimAddress;
  readonly to: CpimAddress;
  readonly dateTime: string;
  readonly subject?: string;
  readonly messageId?: string;
  readonly dispositions?: readonly string[];
  readonly contentType: string; // with its parameters
  readonly contentDisposition?: string; // "notification" of an IMDN, RFC 5438 §7.2.1
  readonly body: Buffer;
}

export const IMDN_NAMESPACE = "urn:ietf:params:imdn";

const CONTENT_HEADER = /^(?:content-|mime-version\b)/i;
/** `Name:;parameter=value Value`. RFC 3862 §3.1, §3.3. */
const METADATA = /^([^\s:;]+):((?:;[^\s;"]+(?:"[^"]*")?)*)[ \t]*(.*)$/s;
const ADDRESS = /^(.*?)<([^<>\s]+)>$/s;

/**
 * Reads a message/cpim body: metadata headers, an empty line, MIME headers, an empty line, the content. Tolerates bare
 * LF, empty lines in front, and a missing empty line between the two header blocks.
 */
export function parseCpim(bytes: Buffer): Parsed<CpimMessage> {
  const blocks = readBlocks(bytes);
  if (!blocks.ok) return blocks;
  const { metadata, mime, bodyStart } = blocks.value;
  const headers: CpimHeader[] = [];
  for (const line of metadata) {
    const header = METADATA.exec(utf8FromLatin1(line));
    if (header === null) return unparsed("CPIM header malformed");
    headers.push({ name: header[1] ?? "", value: unescaped((header[3] ?? "").trimEnd()) });
  }
  const content = parseContent(mime, bytes.subarray(bodyStart));
  return content.ok ? parsed(messageOf(headers, content.value)) : content;
}

/** A message/cpim body, its lines ended by CRLF. RFC 3862 §3. */
export function formatCpim(parts: CpimParts): Buffer {
  const imdn: readonly CpimHeader[] = [
    ...(parts.messageId === undefined ? [] : [{ name: "imdn.Message-ID", value: parts.messageId }]),
    ...(parts.dispositions === undefined || parts.dispositions.length === 0
      ? []
      : [{ name: "imdn.Disposition-Notification", value: parts.dispositions.join(", ") }]),
  ];
  const lines = [
    `From: ${formatAddress(parts.from)}`,
    `To: ${formatAddress(parts.to)}`,
    `DateTime: ${escaped(parts.dateTime)}`,
    ...(parts.subject === undefined ? [] : [`Subject: ${escaped(parts.subject)}`]),
    ...(imdn.length === 0 ? [] : [`NS: imdn <${IMDN_NAMESPACE}>`]),
    ...imdn.map(({ name, value }) => `${name}: ${escaped(value)}`),
    "",
    `Content-Type: ${oneLine(parts.contentType)}`,
    ...(parts.contentDisposition === undefined ? [] : [`Content-Disposition: ${oneLine(parts.contentDisposition)}`]),
    `Content-Length: ${parts.body.length}`,
    "",
    "",
  ];
  return Buffer.concat([Buffer.from(lines.join("\r\n"), "utf8"), parts.body]);
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, " ");
}

interface Blocks {
  readonly metadata: readonly string[];
  readonly mime: readonly string[];
  readonly bodyStart: number;
}

function readBlocks(bytes: Buffer): Parsed<Blocks> {
  const text = bytes.toString("latin1", 0, CPIM_LIMITS.maxHeadBytes);
  const isCut = text.length < bytes.length;
  const first = readBlock(text, /^(?:\r?\n)*/.exec(text)?.[0].length ?? 0);
  if (!first.ok) return endless(isCut);
  const { lines, next } = first.value;
  const split = lines.findIndex((line) => CONTENT_HEADER.test(line));
  if (split === 0 || lines.length === 0) return unparsed("no CPIM headers");
  if (lines.length > CPIM_LIMITS.maxHeaders) return unparsed("too many CPIM headers");
  // COMPAT: writers that leave out the empty line between the two blocks; test/sip/cpim.test.ts
  if (split > 0) return parsed({ metadata: lines.slice(0, split), mime: lines.slice(split), bodyStart: next });
  const second = contentBlock(text, next);
  if (!second.ok) return endless(isCut);
  if (second.value.lines.length > CPIM_LIMITS.maxHeaders) return unparsed("too many MIME headers");
  return parsed({ metadata: lines, mime: second.value.lines, bodyStart: second.value.next });
}

/** The MIME headers; none when what follows is the content itself. */
function contentBlock(text: string, from: number): Parsed<CpimBlock> {
  const startsBlock = CONTENT_HEADER.test(text.slice(from, from + 16)) || /^\r?\n/.test(text.slice(from, from + 2));
  return startsBlock ? readBlock(text, from) : parsed({ lines: [], next: from });
}

function endless(isCut: boolean): Unparsed {
  return unparsed(isCut ? "CPIM headers too long" : "CPIM without content");
}

function parseContent(lines: readonly string[], rest: Buffer): Parsed<CpimContent> {
  const fields: HeaderField[] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) return unparsed("MIME header malformed");
    fields.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()]);
  }
  const headers = new HeaderFields(fields);
  const contentType = headers.get("content-type") ?? "text/plain";
  const type = parseContentType(contentType);
  if (!type.ok) return type;
  const { mediaType, parameters } = type.value;
  const body = contentOf(rest, headers.get("content-length"));
  return parsed({ contentType, mediaType, charset: parameters.get("charset"), headers, body });
}

/**
 * What the enclosed Content-Length counts, when only line ends follow it (a sender's editor put them there). Else all:
 * a length that counts characters in place of bytes must not cut the text.
 */
function contentOf(rest: Buffer, lengthField: string | undefined): Buffer {
  const length = parseDeltaSeconds(lengthField ?? "");
  if (!length.ok || length.value >= rest.length) return rest;
  return /^[\r\n]*$/.test(rest.toString("latin1", length.value)) ? rest.subarray(0, length.value) : rest;
}

function messageOf(headers: readonly CpimHeader[], content: CpimContent): CpimMessage {
  // Names are said to be case-sensitive (RFC 3862 §3.1); peers write "Datetime" all the same.
  const first = (name: string) => headers.find((header) => header.name.toLowerCase() === name.toLowerCase())?.value;
  const namespaces = namespacesOf(headers);
  const bound = [...namespaces].find(([, uri]) => uri === IMDN_NAMESPACE)?.[0] ?? "imdn";
  const prefix = bound === "" ? "" : `${bound}.`;
  const dispositions = first(`${prefix}Disposition-Notification`) ?? "";
  return {
    headers,
    from: parseAddress(first("From")),
    to: parseAddress(first("To")),
    dateTime: first("DateTime"),
    subject: first("Subject"),
    namespaces,
    messageId: first(`${prefix}Message-ID`),
    dispositions: dispositions
      .toLowerCase()
      .split(/[\s,]+/)
      .filter((token) => token !== ""),
    content,
  };
}

/** `NS: prefix <uri>`, or `NS: <uri>` for the default. RFC 3862 §4.6. */
function namespacesOf(headers: readonly CpimHeader[]): ReadonlyMap<string, string> {
  const namespaces = new Map<string, string>();
  for (const { name, value } of headers) {
    const address = name.toUpperCase() === "NS" ? ADDRESS.exec(value) : null;
    if (address !== null) namespaces.set((address[1] ?? "").trim(), address[2] ?? "");
  }
  return namespaces;
}

function parseAddress(value: string | undefined): CpimAddress | undefined {
  if (value === undefined) return undefined;
  const address = ADDRESS.exec(value);
  if (address === null) return /^[^\s<>]+$/.test(value) ? { name: undefined, uri: value } : undefined;
  const name = (address[1] ?? "").trim().replace(/^"(.*)"$/s, "$1");
  return { name: name === "" ? undefined : name, uri: address[2] ?? "" };
}

function formatAddress({ name, uri }: CpimAddress): string {
  const bracketed = `<${uri.replace(/[\s<>\p{Cc}]/gu, encodeURIComponent)}>`;
  return name === undefined ? bracketed : `"${escaped(name).replace(/"/g, '\\"')}" ${bracketed}`;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = { b: "\b", t: "\t", n: "\n", r: "\r" };

/** RFC 3862 §2.3.2. */
function unescaped(value: string): string {
  return value.replace(/\\(?:u([0-9A-Fa-f]{4})|([btnr"'\\]))/g, (_, code: string | undefined, character: string) =>
    code === undefined ? (SHORT_ESCAPES[character] ?? character) : String.fromCharCode(Number.parseInt(code, 16)),
  );
}

function escaped(value: string): string {
  return value.replace(/[\\\p{Cc}]/gu, (character) =>
    character === "\\" ? "\\\\" : `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`,
  );
}

import { readBlock } from "./cpim-block.ts";
import { type HeaderField, HeaderFields } from "./header-fields.ts";
import { type Parsed, parsed, unparsed } from "./parsed.ts";

/** One part of a multipart body; its content as it stands there, encoded or not. */
export interface MimePart {
  readonly headers: HeaderFields;
  readonly body: Buffer;
}

export const MULTIPART_LIMITS = {
  maxParts: 32, // a message has two or three
  maxHeaders: 32, // of one part
} as const;

/** RFC 2046 §5.1.1; a boundary longer than that is not looked for. */
const MAX_BOUNDARY = 70;
/** What may follow a boundary on its line: the dashes of the last one, and padding. */
const LINE_END = /(--)?[ \t]*(?:\r?\n|$)/y;

/** The parts between the boundaries, without preamble and epilogue. Tolerates bare LF and a missing end. RFC 2046 §5.1. */
export function parseMultipart(body: Buffer, boundary: string | undefined): Parsed<readonly MimePart[]> {
  if (boundary === undefined || boundary === "") return unparsed("a multipart body without boundary");
  if (boundary.length > MAX_BOUNDARY) return unparsed("the boundary is too long");
  const text = body.toString("latin1");
  const parts: MimePart[] = [];
  let opening = nextDelimiter(text, boundary, 0);
  while (opening !== undefined && !opening.isLast) {
    if (parts.length === MULTIPART_LIMITS.maxParts) return unparsed("too many parts");
    const closing = nextDelimiter(text, boundary, opening.end);
    const part = parsePart(text.slice(opening.end, closing?.start ?? text.length));
    if (!part.ok) return part;
    parts.push(part.value);
    opening = closing;
  }
  return parts.length === 0 ? unparsed("a multipart body without parts") : parsed(parts);
}

interface Delimiter {
  readonly start: number; // of the line break before it, which belongs to it
  readonly end: number; // after its own line break
  readonly isLast: boolean;
}

function nextDelimiter(text: string, boundary: string, from: number): Delimiter | undefined {
  const dashed = `--${boundary}`;
  for (let at = text.indexOf(dashed, from); at >= 0; at = text.indexOf(dashed, at + 1)) {
    if (at > 0 && text[at - 1] !== "\n") continue;
    LINE_END.lastIndex = at + dashed.length;
    const rest = LINE_END.exec(text);
    if (rest === null) continue;
    const lineBreak = at === 0 ? 0 : text[at - 2] === "\r" ? 2 : 1;
    return { start: Math.max(at - lineBreak, from), end: LINE_END.lastIndex, isLast: rest[1] !== undefined };
  }
  return undefined;
}

function parsePart(text: string): Parsed<MimePart> {
  const read = readBlock(text, 0);
  const block = read.ok ? read : readBlock(`${text}\r\n\r\n`, 0); // headers alone: the part is empty
  if (!block.ok) return block;
  const { lines, next } = block.value;
  if (lines.length > MULTIPART_LIMITS.maxHeaders) return unparsed("too many headers in a part");
  const fields: HeaderField[] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) return unparsed("a part's header is malformed");
    fields.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()]);
  }
  return parsed({ headers: new HeaderFields(fields), body: Buffer.from(text.slice(next), "latin1") });
}

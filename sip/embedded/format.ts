import type { Answer } from "../engine.ts";
import { canonicalName, type HeaderField, type HeaderFields } from "../header-fields.ts";
import { parseNameAddr } from "../name-addr.ts";
import { reasonPhrase } from "../reason-phrases.ts";
import { latin1FromUtf8 } from "../text.ts";
import { formatVia, type Via } from "../via.ts";

/**
 * What could end a line early, or would be another character as one latin1 byte (U+010A would become a line feed). Texts
 * are latin1; one that is not is taken for Unicode and becomes UTF-8.
 */
const UNSAFE = /[\0\r\n\u0100-\uffff]/;
const LINE_BREAKING = /[\0\r\n]/g;
const NOT_WORD = /[\s\0\u0100-\uffff]/;
const WHITESPACE = /[\0\t-\r ]/g;
const NO_BODY = Buffer.alloc(0);

/** A request to send: every header line but Content-Length, in wire order. */
/** One line that people read; what is longer may take an answer over the size of a datagram. */
const MAX_REASON = 500;

export interface RequestContent {
  readonly method: string;
  readonly uri: string;
  readonly fields: readonly HeaderField[];
  readonly body?: Buffer;
}

/** The bytes of a request. Content-Length is counted, whatever the fields say; no value can add a line. RFC 3261 §7.1. */
export function formatRequest({ method, uri, fields, body }: RequestContent): Buffer {
  let head = `${safeWord(method)} ${safeWord(uri)} SIP/2.0\r\n`;
  for (const [name, value] of fields) if (canonicalName(name) !== "content-length") head += line(name, value);
  return assemble(head, body);
}

/** A request that can be answered: one that was parsed, or as much of it as could be. */
export interface Answerable {
  readonly method: string;
  readonly fields: HeaderFields;
  readonly via: Via | undefined; // topmost, completed
}

export interface ResponseContent extends Answer {
  readonly status: number;
  readonly toTag: string; // used when To has no tag and the status is above 100
}

/** Requests whose answer can make a dialog and so carries their Record-Route. RFC 3261 §12.1.1, RFC 6665, RFC 3515. */
const DIALOG_FORMING: ReadonlySet<string> = new Set(["INVITE", "NOTIFY", "REFER", "SUBSCRIBE"]);

/** Lines of a response that are never its maker's. */
const COPIED_OR_COUNTED: ReadonlySet<string> = new Set(["via", "from", "to", "call-id", "cseq", "content-length"]);

/** The bytes of a response: Via, From, To, Call-ID and CSeq are the request's. RFC 3261 §8.2.6.2. */
export function formatResponse(request: Answerable, response: ResponseContent): Buffer {
  const { status, reason = reasonPhrase(status), headers = [], body } = response;
  const { fields } = request;
  let head = viaLines(request);
  head += copiedLine("From", fields.get("from")) + copiedLine("To", answeredTo(fields.get("to"), response));
  head += copiedLine("Call-ID", fields.get("call-id")) + copiedLine("CSeq", fields.get("cseq"));
  if (status === 100) head += copiedLine("Timestamp", fields.get("timestamp")); // RFC 3261 §8.2.6.1
  if (status > 100 && status < 300 && DIALOG_FORMING.has(request.method)) {
    for (const value of fields.all("record-route")) head += line("Record-Route", value);
  }
  for (const [name, value] of headers) if (!COPIED_OR_COUNTED.has(canonicalName(name))) head += line(name, value);
  return assemble(`SIP/2.0 ${status} ${safe(reason.slice(0, MAX_REASON))}\r\n${head}`, body);
}

function assemble(head: string, body: Buffer = NO_BODY): Buffer {
  const text = `${head}Content-Length: ${body.length}\r\n\r\n`;
  const bytes = Buffer.allocUnsafe(text.length + body.length);
  bytes.write(text, 0, "latin1");
  if (body.length > 0) body.copy(bytes, text.length);
  return bytes;
}

/** The topmost Via as it was completed, the others as they are. RFC 3261 §18.2.1. */
function viaLines({ fields, via }: Answerable): string {
  const values = fields.list("via");
  let lines = "";
  for (const [index, value] of values.entries()) lines += line("Via", index === 0 && via ? formatVia(via) : value);
  return lines;
}

function answeredTo(to: string | undefined, { status, toTag }: ResponseContent): string | undefined {
  if (to === undefined || status === 100) return to;
  const nameAddr = parseNameAddr(to);
  return nameAddr.ok && nameAddr.value.tag === undefined ? `${to};tag=${toTag}` : to;
}

function copiedLine(name: string, value: string | undefined): string {
  return value === undefined ? "" : line(name, value);
}

function line(name: string, value: string): string {
  return `${safeWord(name)}: ${safe(value)}\r\n`;
}

function safe(text: string): string {
  return UNSAFE.test(text) ? latin1FromUtf8IfWider(text).replace(LINE_BREAKING, " ") : text;
}

function latin1FromUtf8IfWider(text: string): string {
  return /[\u0100-\uffff]/.test(text) ? latin1FromUtf8(text) : text;
}

/** The same for a word of the start line or a name: its white space is escaped, so that it stays one word. */
function safeWord(text: string): string {
  return NOT_WORD.test(text) ? latin1FromUtf8IfWider(text).replace(WHITESPACE, encodeURIComponent) : text;
}

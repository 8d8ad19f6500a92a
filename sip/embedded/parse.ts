import { type CSeq, isDate, parseCSeq } from "../field-values.ts";
import type { Flow } from "../flow.ts";
import { parseNumber } from "../grammar.ts";
import { HeaderFields, listValueEnd } from "../header-fields.ts";
import type { SipMessage } from "../message.ts";
import { type NameAddr, parseNameAddr } from "../name-addr.ts";
import { parseVia, type Via, viaReceivedOver } from "../via.ts";
import { headEnd, messageStart } from "./framing.ts";
import { parseHeaderLines } from "./head.ts";
import { type Fault, malformed, methodOf, parseRequestLine, parseStatusLine } from "./start-line.ts";
import { UpFrontFields } from "./up-front-fields.ts";

/** The largest head and body that are read at all. */
export interface ParseLimits {
  readonly maxHeadBytes: number;
  readonly maxBodyBytes: number;
}

/** A head of 64 KiB is more than a datagram holds; a body of 256 KiB is twice the largest message with its wrapping. */
export const PARSE_LIMITS: ParseLimits = { maxHeadBytes: 65_536, maxBodyBytes: 262_144 };

/** A request that could not be read, as far as its answer needs it. */
export interface RefusedRequest {
  readonly method: string;
  readonly fields: HeaderFields;
  readonly via: Via | undefined; // topmost, completed; undefined when it is what could not be read
  readonly flow: Flow;
}

export interface Refusal {
  readonly ok: false;
  readonly why: string;
  /** The final answer to send. Absent: drop it in silence, as it is no request, an ACK, or names no way back. */
  readonly status?: number;
  readonly request?: RefusedRequest;
}

export type ParseResult = { readonly ok: true; readonly message: SipMessage } | Refusal;

/**
 * Reads one datagram, or one message that was cut from a stream. Bytes after the body are dropped, without Content-Length
 * all the rest is body (RFC 3261 §18.3). Texts are slices of the head and the body is a view on `bytes`: whoever keeps one
 * for longer than its message keeps a copy, by `detached(text)` or `Buffer.from(body)`.
 */
export function parseMessage(bytes: Buffer, flow: Flow, limits: ParseLimits = PARSE_LIMITS): ParseResult {
  const start = messageStart(bytes);
  const end = headEnd(bytes, start);
  const headEndOrAll = end === -1 ? bytes.length : end;
  if (headEndOrAll - start > limits.maxHeadBytes) return { ok: false, why: "the head is too large" };
  const head = bytes.toString("latin1", start, headEndOrAll);
  const lineEnd = head.indexOf("\r\n");
  if (lineEnd === -1) return { ok: false, why: "no line" };

  const startLine = head.slice(0, lineEnd);
  const lines = parseHeaderLines(head, lineEnd + 2);
  const fields = new HeaderFields(lines.fields, lines.names);
  const fault = end === -1 ? "the head does not end with an empty line" : lines.fault;
  const upFront = new UpFrontFields(lines);
  const read: Read = { fields, upFront, fault, flow, rest: bytes.subarray(headEndOrAll), limits };
  return startLine.startsWith("SIP/") ? parseResponse(startLine, read) : parseRequest(startLine, read);
}

/** A message between its lines and its meaning. */
interface Read {
  readonly fields: HeaderFields;
  readonly upFront: UpFrontFields;
  readonly fault: string | undefined; // of the head as a whole
  readonly flow: Flow;
  readonly rest: Buffer; // what follows the head
  readonly limits: ParseLimits;
}

function parseRequest(startLine: string, read: Read): ParseResult {
  const line = parseRequestLine(startLine);
  if ("fault" in line) return refusal(line, startLine, read);
  const common = parseCommon(read);
  if ("fault" in common) return refusal(common, startLine, read);
  if (common.cseq.method !== line.method) return refusal(malformed("CSeq names another method"), startLine, read);
  const maxForwards = parseMaxForwards(read.upFront.get("max-forwards"));
  if (typeof maxForwards === "object") return refusal(maxForwards, startLine, read);
  const fault = contactFault(read) ?? dateFault(read);
  if (fault !== undefined) return refusal(fault, startLine, read);
  const { from, to, callId, cseq, body } = common;
  const via = viaReceivedOver(common.via, read.flow);
  const { fields, flow } = read;
  const { method, uri } = line;
  return {
    ok: true,
    message: { kind: "request", method, uri, fields, via, from, to, callId, cseq, maxForwards, body, flow },
  };
}

/** A response that cannot be read is dropped. RFC 3261 §18.1.2. */
function parseResponse(startLine: string, read: Read): ParseResult {
  const line = parseStatusLine(startLine);
  if ("fault" in line) return { ok: false, why: line.fault };
  const common = parseCommon(read);
  if ("fault" in common) return { ok: false, why: common.fault };
  const { via, from, to, callId, cseq, body } = common;
  const { fields, flow } = read;
  const { status, reason } = line;
  return { ok: true, message: { kind: "response", status, reason, fields, via, from, to, callId, cseq, body, flow } };
}

/** Nobody can be answered without a Via, and an ACK never is. RFC 3261 §17.1.1.3, §18.2.2. */
function refusal({ status, fault }: Fault, startLine: string, read: Read): Refusal {
  const method = methodOf(startLine);
  const topmost = read.upFront.get("via");
  if (topmost === undefined || method === "ACK") return { ok: false, why: fault };
  const via = parseTopmostVia(topmost);
  const request: RefusedRequest = {
    method,
    fields: read.fields,
    via: via.ok ? viaReceivedOver(via.value, read.flow) : undefined,
    flow: read.flow,
  };
  return { ok: false, why: fault, status, request };
}

/** What every message has. RFC 3261 §8.1.1, §8.2.6.2. */
interface Common {
  readonly via: Via;
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly callId: string;
  readonly cseq: CSeq;
  readonly body: Buffer;
}

const NOT_CALL_ID = /[^!-~]/;

function parseCommon(read: Read): Common | Fault {
  const { upFront } = read;
  if (read.fault !== undefined) return malformed(read.fault);
  if (upFront.repeated !== undefined) return malformed(`${upFront.repeated} stands twice`);
  const viaText = upFront.get("via");
  const fromText = upFront.get("from");
  const toText = upFront.get("to");
  const callId = upFront.get("call-id");
  const cseqText = upFront.get("cseq");
  if (viaText === undefined) return malformed("no Via");
  if (fromText === undefined) return malformed("no From");
  if (toText === undefined) return malformed("no To");
  if (cseqText === undefined) return malformed("no CSeq");
  if (callId === undefined || callId === "" || NOT_CALL_ID.test(callId)) return malformed("no proper Call-ID");

  const via = parseTopmostVia(viaText);
  if (!via.ok) return malformed(via.why);
  const from = parseNameAddr(fromText);
  if (!from.ok) return malformed(`From: ${from.why}`);
  const to = parseNameAddr(toText);
  if (!to.ok) return malformed(`To: ${to.why}`);
  const cseq = parseCSeq(cseqText);
  if (!cseq.ok) return malformed(cseq.why);
  const body = parseBody(read);
  if ("fault" in body) return body;
  return { via: via.value, from: from.value, to: to.value, callId, cseq: cseq.value, body };
}

function parseTopmostVia(line: string): ReturnType<typeof parseVia> {
  return parseVia(line.includes(",") ? line.slice(0, listValueEnd(line, 0)) : line);
}

/** The bytes that Content-Length counts. RFC 3261 §18.3, §20.14. */
function parseBody({ upFront, rest, limits }: Read): Buffer | Fault {
  const text = upFront.get("content-length");
  const length = text === undefined ? rest.length : parseNumber(text);
  if (length === undefined) return malformed("Content-Length is not a number");
  if (length > limits.maxBodyBytes && length <= rest.length) return { status: 413, fault: "the body is too large" };
  if (length > rest.length) return malformed("Content-Length is larger than the datagram");
  return length === rest.length ? rest : rest.subarray(0, length);
}

const MAX_FORWARDS_LIMIT = 255; // RFC 3261 §20.22

/** A hop count, none, or what is wrong with it. */
function parseMaxForwards(text: string | undefined): number | undefined | Fault {
  if (text === undefined) return undefined;
  const hops = parseNumber(text);
  return hops !== undefined && hops <= MAX_FORWARDS_LIMIT
    ? hops
    : malformed("Max-Forwards is not a number from 0 to 255");
}

/** Contact is checked up front, since a wrong one in a binding or dialog does its harm later. RFC 3261 §20.10. */
function contactFault({ fields, upFront }: Read): Fault | undefined {
  if (upFront.get("contact") === undefined) return undefined;
  const contacts = fields.list("contact");
  if (contacts.length === 1 && contacts[0] === "*") return undefined;
  for (const contact of contacts) {
    const nameAddr = parseNameAddr(contact);
    if (!nameAddr.ok) return malformed(`Contact: ${nameAddr.why}`);
  }
  return undefined;
}

function dateFault({ upFront }: Read): Fault | undefined {
  const text = upFront.get("date");
  return text === undefined || isDate(text) ? undefined : malformed("Date is not an RFC 1123 date in GMT");
}

import { isToken } from "../grammar.ts";
import { isSipUri, parseUri } from "../uri.ts";

/** Why a message cannot be taken, and the answer that says so if it is a request. */
export interface Fault {
  readonly status: 400 | 413 | 505;
  readonly fault: string;
}

export function malformed(fault: string): Fault {
  return { status: 400, fault };
}

export interface RequestLine {
  readonly method: string;
  readonly uri: string;
}

/** `MESSAGE sip:bob@sip.test SIP/2.0`: three words, single spaces, a bare URI without headers. RFC 3261 §7.1, §19.1.1. */
export function parseRequestLine(line: string): RequestLine | Fault {
  const methodEnd = line.indexOf(" ");
  const uriEnd = line.indexOf(" ", methodEnd + 1);
  const version = line.slice(uriEnd + 1);
  if (methodEnd === -1 || uriEnd === -1) return malformed("the request line is not three words");
  if (version !== "SIP/2.0" && !/^SIP\/2\.0$/i.test(version)) {
    if (/^SIP\/\d+\.\d+$/i.test(version)) return { status: 505, fault: `the version is ${version}` };
    return malformed("the request line does not end with a SIP version");
  }
  const method = line.slice(0, methodEnd);
  if (!isToken(method)) return malformed("the method is not a token");
  const uri = line.slice(methodEnd + 1, uriEnd);
  const target = parseUri(uri);
  if (!target.ok) return malformed(`Request-URI: ${target.why}`);
  if (isSipUri(target.value) && target.value.headers !== "") return malformed("the Request-URI has headers");
  return { method, uri };
}

/** The first word of a line that may or may not be a request line. */
export function methodOf(line: string): string {
  const end = line.indexOf(" ");
  return end === -1 ? line : line.slice(0, end);
}

export interface StatusLine {
  readonly status: number;
  readonly reason: string; // latin1
}

const STATUS_LINE = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/i;

/** `SIP/2.0 200 OK`; the phrase may be empty. RFC 3261 §7.2. */
export function parseStatusLine(line: string): StatusLine | Fault {
  const match = STATUS_LINE.exec(line);
  return match === null
    ? malformed("the status line is malformed")
    : { status: Number(match[1]), reason: match[2] ?? "" };
}

import { formatHost, formatHostPort, parseHostPort } from "./host-port.ts";
import { NO_PARAMETERS, type Parameters } from "./parameters.ts";
import { type Parsed, parsed, type Unparsed, unparsed } from "./parsed.ts";
import { latin1FromUtf8, utf8FromLatin1 } from "./text.ts";
import {
  contained,
  HEADERS,
  isWellEscaped,
  PARAMETER,
  PASSWORD,
  percentDecode,
  percentEncode,
  USER,
} from "./uri-escapes.ts";

/**
 * A sip: or sips: URI. Each part is as written, escapes and all; names of parameters are decoded and in lower case.
 * RFC 3261 §19.1.1.
 */
export interface SipUri {
  readonly scheme: "sip" | "sips";
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly host: string; // IPv6 without brackets
  readonly port?: number | undefined;
  readonly parameters: Parameters; // `gr` among them (RFC 5627)
  readonly headers: string; // what follows the "?", or ""
}

/** A URI of any other scheme: `tel:`, `pres:`, `im:`, `urn:` … */
export interface OtherUri {
  readonly scheme: string; // lower case
  readonly opaque: string;
}

export type Uri = SipUri | OtherUri;

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/;
const NOT_URI = /[^!$-;=?-Z[\]_a-z~]/;
const BROKEN_ESCAPE = /%(?![0-9A-Fa-f]{2})/;

export function isSipUri(uri: Uri): uri is SipUri {
  return "host" in uri;
}

/** RFC 3261 §25.1 SIP-URI, SIPS-URI, absoluteURI. */
export function parseUri(text: string): Parsed<Uri> {
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return unparsed("a URI has no scheme");
  const rest = text.slice(scheme.length + 1);
  if (scheme === "sip" || scheme === "sips") return parseSipUri(scheme, rest);
  const fault = uriFault(text);
  if (fault !== undefined) return fault;
  return rest === "" ? unparsed("a URI has nothing after its scheme") : parsed({ scheme, opaque: rest });
}

function parseSipUri(scheme: "sip" | "sips", text: string): Parsed<SipUri> {
  const at = text.indexOf("@"); // no part but this separator may hold a plain "@"
  const question = text.indexOf("?", at + 1);
  const beforeHeaders = question === -1 ? text.length : question;
  const semicolon = text.indexOf(";", at + 1);
  const beforeParameters = semicolon === -1 || semicolon > beforeHeaders ? beforeHeaders : semicolon;

  const user = at === -1 ? undefined : text.slice(0, firstColon(text, at));
  const password = user === undefined || user.length === at ? undefined : text.slice(user.length + 1, at);
  if (user === "") return unparsed("a URI has an empty user");
  if (!isWellEscaped(user ?? "", USER)) return unparsed("the user of a URI holds an unescaped character");
  if (!isWellEscaped(password ?? "", PASSWORD)) return unparsed("the password of a URI holds an unescaped character");
  const hostPort = parseHostPort(text.slice(at + 1, beforeParameters));
  if (!hostPort.ok) return hostPort;
  const parameters = parseUriParameters(text.slice(beforeParameters, beforeHeaders));
  if (!parameters.ok) return parameters;
  const headers = text.slice(beforeHeaders + 1);
  if (!isWellEscaped(headers, HEADERS)) return unparsed("the headers of a URI hold an unescaped character");
  const { host, port } = hostPort.value;
  return parsed({ scheme, user, password, host, port, parameters: parameters.value, headers });
}

/** Position of the colon before a password, or `end`. */
function firstColon(text: string, end: number): number {
  const colon = text.indexOf(":");
  return colon === -1 || colon > end ? end : colon;
}

/** `;name=value;flag`, or nothing. */
function parseUriParameters(text: string): Parsed<Parameters> {
  if (text === "") return parsed(NO_PARAMETERS);
  const parameters = new Map<string, string | undefined>();
  for (const parameter of text.slice(1).split(";")) {
    const equals = parameter.indexOf("=");
    const name = equals === -1 ? parameter : parameter.slice(0, equals);
    const value = equals === -1 ? undefined : parameter.slice(equals + 1);
    if (name === "" || value === "") return unparsed("a URI parameter is empty");
    if (!isWellEscaped(name, PARAMETER) || !isWellEscaped(value ?? "", PARAMETER)) {
      return unparsed("a URI parameter holds an unescaped character");
    }
    const key = percentDecode(name).toLowerCase();
    if (parameters.has(key)) return unparsed("a URI parameter stands twice");
    parameters.set(key, value);
  }
  return parsed(parameters);
}

/** Why a text cannot be a URI of any scheme; the parts of a SIP URI are `parseUri`'s matter. RFC 3986 §2, §3.1. */
export function uriFault(text: string): Unparsed | undefined {
  if (!SCHEME.test(text)) return unparsed("a URI has no scheme");
  if (NOT_URI.test(text)) return unparsed("a URI holds a character that must be escaped");
  if (text.includes("%") && BROKEN_ESCAPE.test(text)) return unparsed("a URI holds a broken % escape");
  return undefined;
}

/** The URI as written; a character that may not stand in its part is escaped, so that no part spills into the next. */
export function formatUri(uri: Uri): string {
  if (!isSipUri(uri)) return `${uri.scheme}:${uri.opaque}`;
  const password = uri.password === undefined ? "" : `:${contained(uri.password, PASSWORD)}`;
  const userinfo = uri.user === undefined ? "" : `${contained(uri.user, USER)}${password}@`;
  let parameters = "";
  for (const [name, value] of uri.parameters) {
    parameters += `;${percentEncode(name, PARAMETER)}${value === undefined ? "" : `=${contained(value, PARAMETER)}`}`;
  }
  const headers = uri.headers === "" ? "" : `?${contained(uri.headers, HEADERS)}`;
  return `${uri.scheme}:${userinfo}${formatHostPort(uri)}${parameters}${headers}`;
}

/** A user part, or another escaped part, as Unicode text; bytes that are not UTF-8 become U+FFFD. */
export function decodeUser(user: string): string {
  return utf8FromLatin1(percentDecode(user));
}

/** Unicode text as a user part: all but unreserved and user-unreserved becomes %HH of its UTF-8. RFC 3261 §25.1. */
export function encodeUser(text: string): string {
  return percentEncode(latin1FromUtf8(text), USER);
}

/** Unicode text as the value of a URI parameter, e.g. `gr`. RFC 3261 §25.1 pvalue. */
export function encodeUriParameter(text: string): string {
  return percentEncode(latin1FromUtf8(text), PARAMETER);
}

/**
 * The address-of-record as a key: `user@host` or `host`; the user in one spelling, the host in lower case, without port,
 * parameters and headers. RFC 3261 §10.3 step 5.
 */
export function aorOf(uri: SipUri): string {
  const host = formatHost(uri.host.toLowerCase());
  return uri.user === undefined ? host : `${percentEncode(percentDecode(uri.user), USER)}@${host}`;
}

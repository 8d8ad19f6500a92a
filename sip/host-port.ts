import { parseNumber } from "./grammar.ts";
import { type Parsed, parsed, unparsed } from "./parsed.ts";

export interface HostPort {
  readonly host: string; // as written, IPv6 without brackets
  readonly port: number | undefined;
}

const LEFT_BRACKET = 0x5b;
const NOT_HOST = /[^0-9A-Za-z\-._]/; // the underscore is no host character, but names of containers have it
const NOT_IPV6 = /[^0-9A-Fa-f:.]/;

/** `host`, `host:port` or `[IPv6]:port`. RFC 3261 §25.1 hostport, sent-by. */
export function parseHostPort(text: string): Parsed<HostPort> {
  const colon = text.indexOf(":");
  if (text.charCodeAt(0) === LEFT_BRACKET) return parseIpv6Reference(text);
  const host = colon === -1 ? text : text.slice(0, colon);
  if (host === "" || NOT_HOST.test(host)) return unparsed("not a host");
  return withPort(host, colon === -1 ? undefined : text.slice(colon + 1));
}

function parseIpv6Reference(text: string): Parsed<HostPort> {
  const end = text.indexOf("]");
  const host = text.slice(1, end);
  if (end === -1 || !host.includes(":") || NOT_IPV6.test(host)) return unparsed("not an IPv6 reference");
  if (end === text.length - 1) return parsed({ host, port: undefined });
  return text[end + 1] === ":" ? withPort(host, text.slice(end + 2)) : unparsed("text stands after an IPv6 reference");
}

function withPort(host: string, text: string | undefined): Parsed<HostPort> {
  if (text === undefined) return parsed({ host, port: undefined });
  const port = parseNumber(text);
  return port !== undefined && port >= 1 && port <= 65535 ? parsed({ host, port }) : unparsed("not a port");
}

/** An IPv6 address in brackets, any other host as it is. */
export function formatHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

export function formatHostPort(hostPort: { readonly host: string; readonly port?: number | undefined }): string {
  return hostPort.port === undefined ? formatHost(hostPort.host) : `${formatHost(hostPort.host)}:${hostPort.port}`;
}

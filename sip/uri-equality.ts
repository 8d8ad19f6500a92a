import type { Parameters } from "./parameters.ts";
import { isSipUri, type SipUri, type Uri } from "./uri.ts";
import { normalizedEscapes } from "./uri-escapes.ts";

/** Parameters that must stand in both URIs or in neither: a default left out is not one written out. RFC 3261 §19.1.4. */
const NEVER_IGNORED = ["user", "ttl", "method", "maddr", "transport"];

/** Whether two URIs are the same by RFC 3261 §19.1.4, which makes a public GRUU equal to its AOR (RFC 5627 §5.4). */
export function uriEquals(one: Uri, other: Uri): boolean {
  if (!isSipUri(one) || !isSipUri(other)) {
    return !isSipUri(one) && !isSipUri(other) && one.scheme === other.scheme && one.opaque === other.opaque;
  }
  return (
    one.scheme === other.scheme &&
    normalized(one.user) === normalized(other.user) &&
    normalized(one.password) === normalized(other.password) &&
    one.host.toLowerCase() === other.host.toLowerCase() &&
    one.port === other.port &&
    parametersEqual(one.parameters, other.parameters) &&
    headersEqual(one, other)
  );
}

function normalized(part: string | undefined): string | undefined {
  return part === undefined ? undefined : normalizedEscapes(part);
}

function parametersEqual(one: Parameters, other: Parameters): boolean {
  if (NEVER_IGNORED.some((name) => one.has(name) !== other.has(name))) return false;
  for (const [name, value] of one) {
    if (other.has(name) && normalized(value)?.toLowerCase() !== normalized(other.get(name))?.toLowerCase())
      return false;
  }
  return true;
}

/** Header components are never ignored; their order is. */
function headersEqual(one: SipUri, other: SipUri): boolean {
  return sortedHeaders(one.headers) === sortedHeaders(other.headers);
}

function sortedHeaders(headers: string): string {
  const pairs = headers.split("&").map((pair) => {
    const equals = pair.indexOf("=");
    const name = equals === -1 ? pair : pair.slice(0, equals);
    return normalizedEscapes(name).toLowerCase() + normalizedEscapes(pair.slice(name.length));
  });
  return pairs.sort().join("&");
}

import { isToken } from "./grammar.ts";
import { type Parameters, parseParameters } from "./parameters.ts";
import { type Parsed, parsed, unparsed } from "./parsed.ts";

export interface ContentType {
  readonly mediaType: string; // "text/plain", in lower case
  readonly parameters: Parameters;
}

/** A Content-Type value, of a SIP head or of a MIME part. RFC 3261 §20.15, RFC 2045 §5.1. */
export function parseContentType(text: string): Parsed<ContentType> {
  const semicolon = text.indexOf(";");
  const end = semicolon === -1 ? text.length : semicolon;
  const mediaType = text.slice(0, end).toLowerCase();
  const [type = "", subtype = "", ...more] = mediaType.split("/").map((name) => name.trim());
  if (!isToken(type) || !isToken(subtype) || more.length > 0) return unparsed("a media type is written type/subtype");
  const parameters = parseParameters(text, end);
  return parameters.ok ? parsed({ mediaType: `${type}/${subtype}`, parameters: parameters.value }) : parameters;
}

import type { Flow } from "./flow.ts";
import { skipWhitespace, tokenEnd } from "./grammar.ts";
import { formatHostPort, type HostPort, parseHostPort } from "./host-port.ts";
import { formatParameters, type Parameters, parseParameters } from "./parameters.ts";
import { type Parsed, parsed, unparsed } from "./parsed.ts";

/** One Via value. RFC 3261 §20.42, RFC 3581. */
export interface Via {
  readonly protocol: string; // transport token as written, e.g. "UDP"
  readonly host: string; // IPv6 without brackets
  readonly port: number | undefined;
  readonly branch: string | undefined;
  readonly parameters: Parameters;
}

const USUAL_START = "SIP/2.0/";
const SPACED_START = /^SIP\s*\/\s*2\.0\s*\/\s*/i;

/** `SIP/2.0/UDP host:port;branch=…`, with white space wherever the grammar lets it stand. RFC 3261 §25.1 via-parm. */
export function parseVia(text: string): Parsed<Via> {
  const protocolStart = text.startsWith(USUAL_START) ? USUAL_START.length : (SPACED_START.exec(text)?.[0].length ?? -1);
  if (protocolStart === -1) return unparsed("Via does not start with SIP/2.0");
  const protocolEnd = tokenEnd(text, protocolStart);
  const hostStart = skipWhitespace(text, protocolEnd);
  if (protocolEnd === protocolStart || hostStart === protocolEnd) return unparsed("Via has no transport");

  const semicolon = text.indexOf(";", hostStart);
  const sentBy = text.slice(hostStart, semicolon === -1 ? text.length : semicolon);
  const hostPort = parseSentBy(sentBy);
  if (!hostPort.ok) return unparsed(`Via sent-by: ${hostPort.why}`);
  const parameters = parseParameters(text, semicolon === -1 ? text.length : semicolon);
  if (!parameters.ok) return unparsed(`Via: ${parameters.why}`);
  return parsed({
    protocol: text.slice(protocolStart, protocolEnd),
    host: hostPort.value.host,
    port: hostPort.value.port,
    branch: parameters.value.get("branch"),
    parameters: parameters.value,
  });
}

/** White space may stand around the colon and at the end, but nearly never does. RFC 3261 §25.1 sent-by. */
function parseSentBy(text: string): Parsed<HostPort> {
  const hostPort = parseHostPort(text);
  return hostPort.ok
    ? hostPort
    : parseHostPort(
        text
          .split(":")
          .map((part) => part.trim())
          .join(":"),
      );
}

/**
 * The topmost Via of a request as its receiver must complete it: `received` when the source is not what sent-by says
 * (RFC 3261 §18.2.1), `rport` with the source port when it was asked for (RFC 3581 §4).
 */
export function viaReceivedOver(via: Via, flow: Flow): Via {
  const { address, port } = flow.remote;
  const wantsPort = via.parameters.has("rport");
  if (!wantsPort && via.host === address && !via.parameters.has("received")) return via;
  const parameters = new Map<string, string | undefined>();
  for (const [name, value] of via.parameters) parameters.set(name, value);
  parameters.set("received", address); // also over a forged one
  if (wantsPort) parameters.set("rport", String(port));
  return { ...via, parameters };
}

export function formatVia(via: Via): string {
  return `${USUAL_START}${via.protocol} ${formatHostPort(via)}${formatParameters(via.parameters)}`;
}

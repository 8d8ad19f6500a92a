import type { SipRequest } from "../sip/message.ts";
import type { Binding } from "../sip/registrar.ts";
import { isSipUri, parseUri } from "../sip/uri.ts";
import type { Via } from "../sip/via.ts";

/** What a request tells of the phone that sent it. */
export type Arrival = Pick<SipRequest, "flow" | "via">;

type Sign = (binding: Binding, arrival: Arrival) => boolean;

/** How a request shows which binding sent it, the surest sign first. */
const SIGNS: readonly Sign[] = [cameOverItsConnection, cameFromItsAddress, namesItsContact];

/**
 * The one of a user's bindings that a request of that user came from; undefined when no sign points at one, or a sign
 * points at several: to take the wrong phone for it is worse than to know of none.
 */
export function callingBinding(bindings: readonly Binding[], arrival: Arrival): Binding | undefined {
  for (const sign of SIGNS) {
    const [found, ...more] = bindings.filter((binding) => sign(binding, arrival));
    if (found !== undefined) return more.length === 0 ? found : undefined;
  }
  return undefined;
}

function cameOverItsConnection(binding: Binding, { flow }: Arrival): boolean {
  return flow.connection !== undefined && flow.connection === binding.flow.connection;
}

/** RFC 5626 §3.1: over UDP a flow is its addresses. */
function cameFromItsAddress({ flow: registered }: Binding, { flow }: Arrival): boolean {
  return (
    flow.protocol === registered.protocol &&
    flow.remote.address === registered.remote.address &&
    flow.remote.port === registered.remote.port
  );
}

/** A phone that sends from a port of the moment still says in Via where it listens, as in its Contact. RFC 3261 §18.1.1. */
function namesItsContact({ contact }: Binding, { via }: Arrival): boolean {
  const uri = parseUri(contact);
  if (!uri.ok || !isSipUri(uri.value)) return false;
  const { scheme, host, port = scheme === "sips" ? SIPS_PORT : SIP_PORT } = uri.value;
  return isSentBy(via, host.toLowerCase(), port);
}

/** As the phone sees itself, and as it is seen from here: a Contact may be written either way. RFC 3261 §18.2.1, RFC 3581 §4. */
function isSentBy(via: Via, host: string, port: number): boolean {
  const { host: sentBy, port: sentByPort = SIP_PORT, parameters } = via;
  const received = parameters.get("received");
  if (port === sentByPort && (host === sentBy.toLowerCase() || host === received)) return true;
  return host === (received ?? sentBy.toLowerCase()) && String(port) === parameters.get("rport");
}

const SIP_PORT = 5060; // RFC 3261 §19.1.2
const SIPS_PORT = 5061;

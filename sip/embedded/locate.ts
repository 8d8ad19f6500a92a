import type { LookupAddress } from "node:dns";
import type { Endpoint, SipProtocol } from "../flow.ts";
import { isSipUri, parseUri } from "../uri.ts";
import { DEFAULT_SIP_PORT, familyOf } from "./endpoint.ts";

/** Names to addresses; `dns.promises.lookup` with `all`, so /etc/hosts counts. */
export type Lookup = (host: string) => Promise<readonly LookupAddress[]>;

export interface NextHop {
  readonly protocol: SipProtocol;
  readonly remote: Endpoint;
}

/** Where to send, or why nowhere: the sender then answers 503 itself (RFC 3261 §8.1.3.1). */
export type Located =
  | { readonly ok: true; readonly hops: readonly NextHop[] }
  | { readonly ok: false; readonly why: string };

/** More addresses than a name ever needs; each may cost a connection attempt. */
const MAX_HOPS = 4;

/**
 * The next hops of a SIP URI in the order to try them: protocol from `transport`, else UDP; a numeric host as it is, a
 * name by its A and AAAA records. NAPTR and SRV (RFC 3263 §4.1, §4.2) are not asked. `maddr` is not followed.
 */
export async function locate(uri: string, lookup: Lookup): Promise<Located> {
  const target = parseUri(uri);
  if (!target.ok) return { ok: false, why: target.why };
  if (!isSipUri(target.value)) return { ok: false, why: `no way for the scheme ${target.value.scheme}` };
  if (target.value.scheme === "sips") return { ok: false, why: "sips needs TLS" };
  const protocol = protocolOf(target.value.parameters.get("transport"));
  if (protocol === undefined) return { ok: false, why: "the transport is not supported" };
  const port = target.value.port ?? DEFAULT_SIP_PORT;
  const addresses = await addressesOf(target.value.host, lookup);
  if (addresses.length === 0) return { ok: false, why: "the host has no address" };
  return { ok: true, hops: addresses.slice(0, MAX_HOPS).map((address) => ({ protocol, remote: { address, port } })) };
}

function protocolOf(transport: string | undefined): SipProtocol | undefined {
  const name = transport?.toLowerCase() ?? "udp";
  return name === "udp" || name === "tcp" ? name : undefined;
}

async function addressesOf(host: string, lookup: Lookup): Promise<readonly string[]> {
  if (familyOf(host) !== 0) return [host];
  if (host.toLowerCase() === "localhost") return ["127.0.0.1", "::1"];
  if (host.toLowerCase().endsWith(".invalid")) return []; // RFC 2606 §2: browsers write it where they can be reached by flow alone
  try {
    return (await lookup(host)).map(({ address }) => address);
  } catch {
    return [];
  }
}

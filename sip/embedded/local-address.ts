import { BlockList } from "node:net";
import { networkInterfaces } from "node:os";
import { familyOf } from "./endpoint.ts";

/** What `os.networkInterfaces` says of one address. */
export interface InterfaceAddress {
  readonly address: string;
  readonly internal: boolean;
  readonly cidr: string | null; // "192.0.2.7/24"
}

/**
 * Our address as `remote` sees it, for the Via of a listener on every interface: that of the network which holds
 * `remote` (the narrowest), else the first that is not loopback, else loopback. RFC 3261 §18.1.1.
 */
export function localAddressTowards(remote: string, interfaces: readonly InterfaceAddress[] = addressesHere()): string {
  const family = familyOf(remote);
  const candidates = interfaces.filter(({ address }) => familyOf(address) === family);
  let best = candidates.find(({ internal }) => !internal) ?? candidates[0];
  let bestPrefix = -1;
  for (const candidate of candidates) {
    const prefix = Number(candidate.cidr?.split("/")[1] ?? -1);
    if (prefix > bestPrefix && holds(candidate, prefix, remote)) {
      best = candidate;
      bestPrefix = prefix;
    }
  }
  return best?.address ?? (family === 6 ? "::1" : "127.0.0.1");
}

function holds(network: InterfaceAddress, prefix: number, remote: string): boolean {
  const family = familyOf(remote) === 6 ? "ipv6" : "ipv4";
  const block = new BlockList();
  block.addSubnet(network.address, prefix, family);
  return block.check(remote, family);
}

function addressesHere(): InterfaceAddress[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
}

import { isIP } from "node:net";
import type { Endpoint, SipProtocol } from "../flow.ts";

/** Where a protocol is to be listened for, in the words of the configuration: `udp://127.0.0.1:5060`, `tcp://[::1]:5060`. */
export interface ListenAddress extends Endpoint {
  readonly protocol: SipProtocol;
}

/** RFC 3261 §19.1.2: the port of udp and tcp where none is written. */
export const DEFAULT_SIP_PORT = 5060;

export function formatListenAddress({ protocol, address, port }: ListenAddress): string {
  return `${protocol}://${formatEndpoint({ address, port })}`;
}

export function formatEndpoint({ address, port }: Endpoint): string {
  return isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

export function sameEndpoint(one: Endpoint, other: Endpoint): boolean {
  return one.port === other.port && one.address === other.address;
}

/** 4 or 6; 0 for what is no numeric address. */
export function familyOf(address: string): number {
  return isIP(address);
}

export function isWildcard(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}

/** What a failed listener rejects with: the address as the operator wrote it, and why. */
export function listenError(listen: ListenAddress, cause: unknown): Error {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
  const why = code === "EADDRINUSE" ? "the port is in use" : code;
  return new Error(`cannot listen on ${formatListenAddress(listen)}: ${why}`, { cause });
}

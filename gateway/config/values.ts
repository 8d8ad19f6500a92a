import { BlockList, isIP, isIPv4 } from "node:net";
import { domainToASCII } from "node:url";
import { type Parsed, parsed, unparsed } from "../../sip/parsed.ts";
import { didYouMean } from "../nearest-name.ts";

/** An address to hear SIP on. Port 0 takes any free port. */
export interface Listener {
  readonly protocol: "udp" | "tcp";
  readonly address: string; // numeric, IPv6 without brackets
  readonly port: number;
}

/** The component port of an XMPP server. XEP-0114. */
export interface ServerAddress {
  readonly host: string; // name or numeric address, IPv6 without brackets
  readonly port: number;
}

/** Where the records are kept. */
export interface StoreLocation {
  readonly driver: "sqlite";
  readonly file: string;
}

const PROTOCOLS = ["udp", "tcp"] as const satisfies readonly Listener["protocol"][];
const PROTOCOLS_TO_COME: readonly string[] = ["tls", "ws", "wss"];
const SIP_PORT = 5060; // RFC 3261 §19.1.2
const COMPONENT_PORT = 5347; // the port that XMPP servers use for XEP-0114 by custom

/** `udp://127.0.0.1:5060`, `tcp://[::1]:5060`. */
export function parseListener(text: string): Parsed<Listener> {
  const parts = splitAuthority(text);
  if (parts === undefined) return unparsed("must look like udp://127.0.0.1:5060 or tcp://[::1]:5060");
  const protocol = PROTOCOLS.find((name) => name === parts.scheme);
  if (protocol === undefined) return unparsed(unknownProtocol(parts.scheme));
  if (isIP(parts.host) === 0) {
    return unparsed("must name a numeric address: that of a network interface, or 0.0.0.0 or [::] for all of them");
  }
  const port = parts.port ?? SIP_PORT;
  if (port > 65535) return unparsed("must have a port from 0 to 65535 (0: any free port)");
  return parsed({ protocol, address: parts.host, port });
}

/** `udp://127.0.0.1:5060`, as it is written in the file. */
export function formatListener({ protocol, address, port }: Listener): string {
  return `${protocol}://${address.includes(":") ? `[${address}]` : address}:${port}`;
}

function unknownProtocol(scheme: string): string {
  if (PROTOCOLS_TO_COME.includes(scheme)) {
    return `${scheme}:// listeners are not supported in this version: use udp:// or tcp://`;
  }
  return `must begin with udp:// or tcp://${didYouMean(scheme, PROTOCOLS)}`;
}

/** `xmpp://127.0.0.1:5347`, or the word `managed`. */
export function parseServer(text: string): Parsed<ServerAddress | "managed"> {
  if (text === "managed") return parsed("managed");
  const parts = splitAuthority(text);
  if (parts === undefined || parts.scheme !== "xmpp") {
    return unparsed('must look like xmpp://127.0.0.1:5347, or be the word "managed"');
  }
  const port = parts.port ?? COMPONENT_PORT;
  if (port < 1 || port > 65535) return unparsed("must have a port from 1 to 65535");
  return parsed({ host: parts.host, port });
}

/** `scheme://host:port`, with an IPv6 address in brackets. */
function splitAuthority(text: string): { scheme: string; host: string; port: number | undefined } | undefined {
  const match = /^([a-z]+):\/\/(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::(\d{1,5}))?$/.exec(text.toLowerCase());
  if (match === null) return undefined;
  const [, scheme = "", bracketed, plain = "", port] = match;
  if (bracketed !== undefined && isIP(bracketed) !== 6) return undefined;
  return { scheme, host: bracketed ?? plain, port: port === undefined ? undefined : Number(port) };
}

/** A domain in lower case. RFC 1123 §2.1, underscore let through; an IPv4 address passes as it does in a SIP URI. */
export function parseDomain(text: string): Parsed<string> {
  const domain = text.toLowerCase().replace(/\.$/, "");
  if (/[^\u0020-\u007e]/.test(domain)) {
    const ascii = domainToASCII(domain);
    return unparsed(`must be in ASCII${ascii === "" ? "" : `: write ${ascii}`}`);
  }
  const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
  if (domain.length > 253 || !domain.split(".").every((part) => label.test(part))) {
    return unparsed("must be a domain name such as sip.example.com, without scheme, user or port");
  }
  return parsed(domain);
}

/** `sqlite:PATH`; the path is resolved by the caller. */
export function parseStore(text: string): Parsed<StoreLocation> {
  const colon = text.indexOf(":");
  const scheme = text.slice(0, Math.max(colon, 0)).toLowerCase();
  if (scheme === "") return unparsed("must look like sqlite:parley.db");
  if (scheme !== "sqlite") {
    return unparsed(
      `${scheme}: stores are not supported in this version: use sqlite:PATH${didYouMean(scheme, ["sqlite"])}`,
    );
  }
  const file = text.slice(colon + 1);
  if (file === "") return unparsed("must name a file after sqlite:, such as sqlite:parley.db");
  if (file === ":memory:") return unparsed("must be a file: what is kept in memory does not survive a restart");
  return parsed({ driver: "sqlite", file });
}

/** 127.0.0.0/8 (RFC 1122 §3.2.1.3) and ::1 (RFC 4291 §2.5.3). */
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8);
LOOPBACK.addAddress("::1", "ipv6");

/** True for an address that only this machine can reach. */
export function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}

export type SipProtocol = "udp" | "tcp";

export interface Endpoint {
  readonly address: string; // numeric, IPv6 without brackets
  readonly port: number;
}

/**
 * The way to one peer: a plain value that can be stored with a binding (RFC 5626 §3.1).
 * `connection` names one stream connection in the life of this process; UDP has none.
 */
export interface Flow {
  readonly protocol: SipProtocol;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly connection?: string;
}

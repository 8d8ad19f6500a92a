/** What becomes of each message of RFC 4475: the fields that must be read, the answer that must be given, or silence. */

export interface Address {
  readonly displayName?: string;
  readonly uri: string;
  readonly tag?: string;
}

/** A message that parses. */
export interface Reading {
  readonly section: string;
  readonly start: string; // method and URI, or status and phrase
  readonly from: Address;
  readonly to: Address;
  readonly callId: string;
  readonly cseq: string;
  readonly maxForwards?: number;
  readonly vias: readonly string[]; // transport, sent-by, branch
  readonly contacts: readonly string[]; // URIs
  readonly bodyLength: number;
  /** The answer of the sanity check; a Max-Forwards of 0 is one for the proxy alone. */
  readonly sanity?: number;
}

/** A message that does not. No status: dropped. */
export interface Rejection {
  readonly section: string;
  readonly status?: number;
  readonly why: RegExp;
}

// biome-ignore format: table
export const REJECTIONS: Readonly<Record<string, Rejection>> = {
  badinv01:         { section: "3.1.2", status: 400, why: /Via: a parameter has no name/ },
  clerr:            { section: "3.1.2", status: 400, why: /Content-Length is larger than the datagram/ },
  ncl:              { section: "3.1.2", status: 400, why: /Content-Length is not a number/ },
  scalar02:         { section: "3.1.2", status: 400, why: /CSeq number is 2\*\*31 or more/ },
  scalarlg:         { section: "3.1.2", why: /CSeq number is 2\*\*31 or more/ }, // a response
  quotbal:          { section: "3.1.2", status: 400, why: /To: a quoted display name is not closed/ },
  ltgtruri:         { section: "3.1.2", status: 400, why: /Request-URI/ },
  lwsruri:          { section: "3.1.2", status: 400, why: /request line/ },
  lwsstart:         { section: "3.1.2", status: 400, why: /request line/ },
  trws:             { section: "3.1.2", status: 400, why: /request line/ },
  escruri:          { section: "3.1.2", status: 400, why: /the Request-URI has headers/ },
  baddate:          { section: "3.1.2", status: 400, why: /Date/ },
  regbadct:         { section: "3.1.2", status: 400, why: /Contact: .*needs angle brackets/ },
  badaspec:         { section: "3.1.2", status: 400, why: /To: a URI/ },
  baddn:            { section: "3.1.2", status: 400, why: /empty line/ }, // as printed, without its last line
  baddn_terminated: { section: "3.1.2", status: 400, why: /From: a display name needs quotes/ },
  badvers:          { section: "3.1.2", status: 505, why: /SIP\/7\.0/ },
  mismatch01:       { section: "3.1.2", status: 400, why: /CSeq names another method/ },
  mismatch02:       { section: "3.1.2", status: 400, why: /CSeq names another method/ },
  bigcode:          { section: "3.1.2", why: /status line/ }, // a response
  insuf:            { section: "3.3.1", status: 400, why: /no (From|To|proper Call-ID)/ },
  multi01:          { section: "3.3.8", status: 400, why: /stands twice/ },
  mcl01:            { section: "3.3.9", status: 400, why: /content-length stands twice/ },
  test:             { section: "A.1", why: /request line/ }, // has no Via to answer to
};

import type { Parsed } from "./parsed.ts";

export type HeaderField = readonly [name: string, value: string];
export type Parameters = ReadonlyMap<string, string | undefined>; // names in lower case; undefined: a flag

/** One Via value. RFC 3261 §20.42, RFC 3581. */
export interface Via {
  readonly protocol: string; // transport token as written, e.g. "UDP"
  readonly host: string; // IPv6 without brackets
  readonly port: number | undefined;
  readonly branch: string | undefined;
  readonly parameters: Parameters;
}

/** A From, To or Contact value. RFC 3261 §20.10. */
export interface NameAddr {
  readonly displayName: string | undefined; // unquoted, latin1
  readonly uri: string;
  readonly tag: string | undefined;
  readonly parameters: Parameters; // header parameters, not those of the URI
}

export interface CSeq {
  readonly number: number;
  readonly method: string;
}

/**
 * Header fields in wire order. Names are matched without case and in their compact forms (RFC 3261 §7.3.3);
 * values are latin1, unfolded and trimmed.
 */
export declare class HeaderFields {
  constructor(fields: readonly HeaderField[]);
  /** The first field of that name. */
  get(name: string): string | undefined;
  /** Every field of that name, one entry a line. */
  all(name: string): readonly string[];
  /** Every value of that name, comma lists split outside quotes and angle brackets. */
  list(name: string): readonly string[];
  has(name: string): boolean;
  entries(): readonly HeaderField[];
}

export declare function parseVia(text: string): Parsed<Via>;
export declare function parseNameAddr(text: string): Parsed<NameAddr>;
export declare function parseCSeq(text: string): Parsed<CSeq>;

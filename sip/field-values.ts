import { isToken, parseNumber, skipWhitespace, tokenEnd } from "./grammar.ts";
import { type Parsed, parsed, unparsed } from "./parsed.ts";

export interface CSeq {
  readonly number: number;
  readonly method: string;
}

const CSEQ_LIMIT = 2 ** 31; // RFC 3261 §8.1.1.5
const DELTA_SECONDS_MAX = 2 ** 32 - 1; // RFC 3261 §20.19

/** `4711 INVITE`. RFC 3261 §20.16; the number is below 2**31 (§8.1.1.5). */
export function parseCSeq(text: string): Parsed<CSeq> {
  const numberEnd = tokenEnd(text, 0);
  const number = parseNumber(text.slice(0, numberEnd));
  const method = text.slice(skipWhitespace(text, numberEnd));
  if (number === undefined || !isToken(method)) return unparsed("CSeq is not a number and a method");
  return number < CSEQ_LIMIT ? parsed({ number, method }) : unparsed("the CSeq number is 2**31 or more");
}

/** Seconds; a number beyond 2**32-1 is that number. RFC 3261 §25.1 delta-seconds, §20.19. */
export function parseDeltaSeconds(text: string): Parsed<number> {
  const seconds = parseNumber(text);
  return seconds === undefined ? unparsed("not a number of seconds") : parsed(Math.min(seconds, DELTA_SECONDS_MAX));
}

/** A preference from 0 to 1 with at most three decimals. RFC 3261 §25.1 qvalue. */
export function parseQ(text: string): Parsed<number> {
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? parsed(Number(text)) : unparsed("not a q value");
}

const DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** Whether a text has the form of an RFC 1123 date in GMT. RFC 3261 §20.17. */
export function isDate(text: string): boolean {
  return DATE.test(text);
}

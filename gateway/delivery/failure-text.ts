import { ownCopy } from "../own-copy.ts";

/** Graphemes of a failed IM that are repeated, so that its sender knows which one it was. */
const QUOTED_GRAPHEMES = 60;

/** A grapheme has no greatest length; sixty families of four with their joiners fit in here. */
const QUOTED_UTF16_UNITS = 60 * 16;

const GRAPHEMES = new Intl.Segmenter();

/** Different reasons that are counted in one telling: enough to find the commonest; those beyond are the others. */
const COUNTED_REASONS = 8;

/** Which failed IM, and why. */
export interface FailedIm {
  readonly reason: string; // for people
  readonly quote: string; // its text, or the beginning of it
  readonly at: Date;
}

/** Failed IMs that are told together: how many, why, and the two by which their sender knows which they were. */
export interface FailedIms {
  readonly count: number;
  readonly reasons: ReadonlyMap<string, number>;
  readonly first: string; // quoted
  readonly last: string;
  readonly lastAt: Date;
}

/** The beginning of a text in quotation marks, cut between characters as people count them. */
export function quoteOf(text: string): string {
  const part = text.slice(0, QUOTED_UTF16_UNITS);
  const graphemes = [...GRAPHEMES.segment(part)].map(({ segment }) => segment);
  const isCut = part.length < text.length || graphemes.length > QUOTED_GRAPHEMES;
  // The last one of a part may be half of one.
  const whole = part.length < text.length ? graphemes.slice(0, -1) : graphemes;
  return `“${whole.slice(0, QUOTED_GRAPHEMES).join("")}${isCut ? "…" : ""}”`;
}

/** One alone. It keeps copies, since it can outlive by days the message that the texts were cut from. */
export function failedImsOf({ reason, quote, at }: FailedIm): FailedIms {
  const quoted = ownCopy(quoteOf(quote));
  return { count: 1, reasons: new Map([[ownCopy(reason), 1]]), first: quoted, last: quoted, lastAt: at };
}

export function joined(earlier: FailedIms, later: FailedIms): FailedIms {
  const reasons = new Map(earlier.reasons);
  for (const [reason, count] of later.reasons) {
    if (reasons.has(reason) || reasons.size < COUNTED_REASONS) reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  }
  const { last, lastAt } = later;
  return { count: earlier.count + later.count, reasons, first: earlier.first, last, lastAt };
}

/** What stands behind the configured error message: the reason and the IM, or how many, why and which. */
export function detailOf({ count, reasons, first, last }: FailedIms): string {
  const [commonest = ""] = [...reasons].sort(([, a], [, b]) => b - a).map(([reason]) => reason);
  if (count === 1) return `${commonest} ${first}`;
  const why = reasons.size > 1 ? `${commonest}, and other reasons` : commonest;
  return `${count} messages could not be delivered (${why}). The first: ${first}, the last: ${last}`;
}

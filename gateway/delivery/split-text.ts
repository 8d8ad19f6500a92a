/**
 * Four digits in a mark. The largest IM that there can be, 100,000 bytes (`im.max-size`), makes 1,100 parts of 200 bytes at
 * the worst, when each cut leaves half a part empty: so nothing that the gateway accepts comes near.
 */
const MAX_PARTS = 9_999;

/** A mark of four digits and one code point of four bytes. */
const LEAST_BYTES = markBytes(4) + 4;

const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" }); // UAX #29: the same in every language

/** White space that a line may end at: not the no-break spaces. */
const WORD_END = /[\t\n\r \u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]/;

/**
 * A text in parts of at most `maxBytes` bytes of UTF-8, each with its mark ("(2/12) ") in front; whole and without a mark
 * when it fits. Cut behind a line or a word where one ends in the last quarter of the part, else between graphemes, so that
 * without their marks the parts are the text again. A caller that leaves no room for MAX_PARTS parts gets a RangeError.
 */
export function splitText(text: string, maxBytes: number): readonly string[] {
  if (Buffer.byteLength(text) <= maxBytes) return [text];
  if (maxBytes < LEAST_BYTES) throw new RangeError(`a part needs ${LEAST_BYTES} bytes or more, not ${maxBytes}`);
  for (let digits = 1; 10 ** digits - 1 <= MAX_PARTS; digits++) {
    const pieces = cutToPieces(text, maxBytes - markBytes(digits), 10 ** digits - 1);
    if (pieces !== undefined) return pieces.map((piece, index) => `(${index + 1}/${pieces.length}) ${piece}`);
  }
  throw new RangeError(`a text of ${Buffer.byteLength(text)} bytes makes more than ${MAX_PARTS} parts of ${maxBytes}`);
}

function markBytes(digits: number): number {
  return "(/) ".length + 2 * digits;
}

/** Undefined when it takes more than `most`. */
function cutToPieces(text: string, maxBytes: number, most: number): readonly string[] | undefined {
  const pieces: string[] = [];
  for (let start = 0; start < text.length; ) {
    if (pieces.length === most) return undefined;
    const end = endOfPiece(text, start, maxBytes);
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}

/** Where the piece that begins at `start` ends: a position in `text`, behind `start`. */
function endOfPiece(text: string, start: number, maxBytes: number): number {
  const full = start + lengthWithin(text, start, maxBytes);
  if (full === text.length) return full;
  // Whether a grapheme ends here shows by the one code point behind it. UAX #29 §3.1.1.
  const graphemes = GRAPHEMES.segment(text.slice(start, full + 2));
  const startOfGrapheme = (at: number) => start + (graphemes.containing(at - start)?.index ?? 0);

  const lastQuarter = full - Math.floor((full - start) / 4);
  let word: number | undefined;
  for (let end = full; end > lastQuarter; end--) {
    const last = text.charAt(end - 1);
    if (!WORD_END.test(last) || startOfGrapheme(end) !== end) continue;
    if (last === "\n") return end;
    word ??= end;
  }
  if (word !== undefined) return word;
  const grapheme = startOfGrapheme(full);
  return grapheme > start ? grapheme : full; // one grapheme that is longer than a part is cut between its code points
}

/** How many UTF-16 units, from a position on, make whole code points of at most so many bytes of UTF-8. */
function lengthWithin(text: string, start: number, maxBytes: number): number {
  let at = start;
  let bytes = 0;
  while (at < text.length) {
    const codePoint = text.codePointAt(at) ?? 0;
    bytes += utf8Length(codePoint);
    if (bytes > maxBytes) break;
    at += codePoint > 0xffff ? 2 : 1;
  }
  return at - start;
}

function utf8Length(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

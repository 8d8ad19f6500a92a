/** The known name that was most likely meant by a mistyped one; undefined when none is close. */
export function nearestName(typed: string, known: readonly string[]): string | undefined {
  // One edit in three letters still looks like the word that was meant; more is a guess.
  let best = Math.max(2, Math.floor(typed.length / 3)) + 1;
  let nearest: string | undefined;
  for (const name of known) {
    const edits = editDistance(typed.toLowerCase(), name.toLowerCase());
    if (edits < best) [best, nearest] = [edits, name];
  }
  return nearest;
}

/** ` (did you mean "x"?)` or nothing, to end a reason with. */
export function didYouMean(typed: string, known: readonly string[]): string {
  const nearest = nearestName(typed, known);
  return nearest === undefined ? "" : ` (did you mean ${JSON.stringify(nearest)}?)`;
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  // Longer input is no slip of a finger; the table stays small whatever a caller sends.
  if (a.length > 100 || b.length > 100) return Math.max(a.length, b.length);
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = at(row, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, at(row, j) + 1, at(next, j - 1) + 1));
    }
    row = next;
  }
  return at(row, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

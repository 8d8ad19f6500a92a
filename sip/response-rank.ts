/** Within a class, those that tell the sender how to do better come first. RFC 3261 §16.7 step 6. */
const PREFERRED: readonly number[] = [401, 407, 415, 420, 484];

/**
 * The place of a final status among those that a forked request collects, the lowest is the one to pass on: 2xx, 6xx,
 * then by class. A 408 comes last of all: it must not be sent (RFC 4320 §4.2). RFC 3261 §16.7 step 6.
 */
export function rankOfStatus(status: number): number {
  if (status === 408) return 9000;
  const hundreds = Math.floor(status / 100);
  const place = PREFERRED.indexOf(status);
  const rank = hundreds === 6 ? 250 : hundreds * 100;
  return rank + (place === -1 ? PREFERRED.length : place);
}

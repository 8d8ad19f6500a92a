/** Longer than anything that we wait for takes, even on a small and busy machine. */
const DEADLINE_MS = 30_000;
const LOOK_EVERY_MS = 10;

/** Looks until `condition` gives something other than undefined or false; fails with `what` at the deadline. */
export async function waitFor<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const result = await condition();
    if (result !== undefined && result !== false) {
      return result;
    }
    if (Date.now() > deadline) {
      throw new Error(`waited ${deadlineMs} ms in vain for ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

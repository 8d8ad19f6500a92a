import { setImmediate } from "node:timers/promises";
import type { JournalFilter } from "../../store/port.ts";
import type { Journal, JournalRow } from "./journal.ts";

/** About 500 KB; between two pages the traffic goes on. */
const PAGE = 500;

/** The rows of a filter, the oldest first, page by page; its `limit` bounds how many are looked at. */
export async function* rowsOneByOne(journal: Journal, filter: JournalFilter): AsyncGenerator<JournalRow, void> {
  let left = filter.limit ?? Number.POSITIVE_INFINITY;
  let after: string | undefined;
  while (left > 0) {
    const limit = Math.min(PAGE, left);
    const page = await journal.rows({ ...filter, limit, ...(after === undefined ? {} : { after }) });
    yield* page;
    if (page.length < limit) return;
    left -= page.length;
    after = page.at(-1)?.id;
    await setImmediate();
  }
}

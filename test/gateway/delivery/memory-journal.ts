import { Journal } from "../../../gateway/delivery/journal.ts";
import type { JournalCount, JournalFilter, JournalRecord, Store } from "../../../store/port.ts";
import type { FakeClock } from "../../sip/fake-clock.ts";
import { SILENT } from "../silent-log.ts";

/** A journal whose disk the test holds in its hands: `rows` may come from an earlier run. */
export function memoryJournal(clock: FakeClock, rows = new Map<string, JournalRecord>()) {
  const disk = { broken: false };
  const write = (change: () => void): void => {
    if (disk.broken) throw new Error("disk full");
    change();
  };
  const store: Store["journal"] = {
    list: async (filter) => {
      const matching = [...rows.values()].filter((row) => matches(row, filter));
      return matching.slice(0, filter.limit ?? matching.length);
    },
    get: async (id) => rows.get(id),
    counts: async () => countsOf([...rows.values()]),
    add: async (row) => write(() => rows.set(row.id, row)),
    move: async (id, to) =>
      write(() => {
        const row = rows.get(id);
        if (row !== undefined) rows.set(id, { ...row, ...to });
      }),
    remove: async (id) => write(() => rows.delete(id)),
  };
  return { journal: new Journal({ store, clock, log: SILENT }), rows, disk };
}

function matches(row: JournalRecord, { states, direction, aor, after, acceptedBefore }: JournalFilter): boolean {
  return (
    (states === undefined || states.includes(row.state)) &&
    (direction === undefined || row.direction === direction) &&
    (aor === undefined || row.aor === aor) &&
    (after === undefined || row.id > after) &&
    (acceptedBefore === undefined || row.acceptedAt < acceptedBefore)
  );
}

function countsOf(rows: readonly JournalRecord[]): readonly JournalCount[] {
  const counts = new Map<string, JournalCount>();
  for (const { state, direction, aor } of rows) {
    const key = [state, direction, aor].join(" ");
    counts.set(key, { state, direction, aor, rows: (counts.get(key)?.rows ?? 0) + 1 });
  }
  return [...counts.values()];
}

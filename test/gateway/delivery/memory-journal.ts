import { Journal } from "../../../gateway/delivery/journal.ts";
import type { JournalRecord, Store } from "../../../store/port.ts";
import type { FakeClock } from "../../sip/fake-clock.ts";
import { SILENT } from "../silent-log.ts";

/** A journal whose disk the test holds in its hands. */
export function memoryJournal(clock: FakeClock) {
  const rows = new Map<string, JournalRecord>();
  const disk = { broken: false };
  const store: Store["journal"] = {
    list: async () => [...rows.values()],
    add: async (row) => {
      if (disk.broken) throw new Error("disk full");
      rows.set(row.id, row);
    },
    remove: async (id) => void rows.delete(id),
  };
  return { journal: new Journal({ store, clock, log: SILENT }), rows, disk };
}

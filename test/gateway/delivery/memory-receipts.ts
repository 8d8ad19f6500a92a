import type { AwaitedReceiptRecord, Store } from "../../../store/port.ts";

/** The awaited receipts of a store, in memory. */
export function memoryReceipts() {
  const rows = new Map<string, AwaitedReceiptRecord>();
  const store: Store["awaitedReceipts"] = {
    get: async (key) => rows.get(key),
    list: async (prefix, limit) => {
      const found = [...rows.values()].filter(({ key }) => key.startsWith(prefix));
      return found.sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit);
    },
    put: async (row) => void rows.set(row.key, row),
    remove: async (key) => void rows.delete(key),
    removeExpired: async (now, keep) => {
      const latest = [...rows.values()].sort((a, b) => b.expiresAt - a.expiresAt);
      const gone = latest.filter(({ expiresAt }, index) => expiresAt <= now || index >= keep);
      for (const { key } of gone) rows.delete(key);
      return gone.length;
    },
  };
  return { store, rows };
}

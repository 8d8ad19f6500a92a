import type { Database } from "better-sqlite3";
import type { AwaitedReceiptRecord, Store } from "../port.ts";
import type { WriteGroup } from "./write-group.ts";

/** Sorts behind every other, in UTF-8 as in a comparison of SQLite. */
const LAST_CHARACTER = "\u{10ffff}";

export function awaitedReceiptsIn(database: Database, writes: WriteGroup): Store["awaitedReceipts"] {
  const get = database.prepare<[string], AwaitedReceiptRecord>(
    "SELECT key, expires_at AS expiresAt, payload FROM awaited_receipts WHERE key = ?",
  );
  const list = database.prepare<[string, string, number], AwaitedReceiptRecord>(
    `SELECT key, expires_at AS expiresAt, payload FROM awaited_receipts
     WHERE key >= ? AND key < ? ORDER BY key LIMIT ?`,
  );
  const put = database.prepare<[AwaitedReceiptRecord]>(
    "REPLACE INTO awaited_receipts (key, expires_at, payload) VALUES (@key, @expiresAt, @payload)",
  );
  const remove = database.prepare<[string]>("DELETE FROM awaited_receipts WHERE key = ?");
  const removeExpired = database.prepare<[number]>("DELETE FROM awaited_receipts WHERE expires_at <= ?");
  const removeBeyond = database.prepare<[number]>(
    `DELETE FROM awaited_receipts WHERE key IN
     (SELECT key FROM awaited_receipts ORDER BY expires_at DESC LIMIT -1 OFFSET ?)`,
  );
  return {
    get: async (key) => get.get(key),
    list: async (prefix, limit) => list.all(prefix, `${prefix}${LAST_CHARACTER}`, limit),
    put: async (receipt) => writes.add(() => void put.run(receipt)),
    remove: async (key) => writes.add(() => void remove.run(key)),
    removeExpired: async (now, keep) =>
      writes.add(() => removeExpired.run(now).changes + removeBeyond.run(keep).changes),
  };
}

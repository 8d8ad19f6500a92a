import type { Database } from "better-sqlite3";
import type { JournalRecord, Store } from "../port.ts";
import type { WriteGroup } from "./write-group.ts";

export function journalIn(database: Database, writes: WriteGroup): Store["journal"] {
  const list = database.prepare<[], JournalRecord>(
    "SELECT id, direction, conversation, accepted_at AS acceptedAt, payload FROM journal ORDER BY sequence",
  );
  const add = database.prepare<[JournalRecord]>(
    `INSERT INTO journal (id, direction, conversation, accepted_at, payload)
     VALUES (@id, @direction, @conversation, @acceptedAt, @payload)`,
  );
  const remove = database.prepare<[string]>("DELETE FROM journal WHERE id = ?");
  return {
    list: async () => list.all(),
    add: async (row) => writes.add(() => void add.run(row)),
    remove: async (id) => writes.add(() => void remove.run(id)),
  };
}

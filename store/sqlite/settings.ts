import type { Database } from "better-sqlite3";
import type { Store } from "../port.ts";
import type { WriteGroup } from "./write-group.ts";

export function settingsIn(database: Database, writes: WriteGroup): Store["settings"] {
  const get = database.prepare<[string], string>("SELECT value FROM settings WHERE name = ?").pluck();
  const put = database.prepare<[string, string]>("REPLACE INTO settings (name, value) VALUES (?, ?)");
  return {
    get: async (name) => get.get(name) as string | undefined,
    put: async (name, value) => writes.add(() => void put.run(name, value)),
  };
}

import type { Database } from "better-sqlite3";
import type { ParameterRecord, Store } from "../port.ts";
import type { WriteGroup } from "./write-group.ts";

export function parametersIn(database: Database, writes: WriteGroup): Store["parameters"] {
  const list = database.prepare<[], ParameterRecord>(
    "SELECT name, value, changed_at AS changedAt, changed_by AS changedBy FROM parameters ORDER BY name",
  );
  const put = database.prepare<[ParameterRecord]>(
    "REPLACE INTO parameters (name, value, changed_at, changed_by) VALUES (@name, @value, @changedAt, @changedBy)",
  );
  const remove = database.prepare<[string]>("DELETE FROM parameters WHERE name = ?");
  return {
    list: async () => list.all(),
    put: async (parameter) => writes.add(() => void put.run(parameter)),
    remove: async (name) => writes.add(() => void remove.run(name)),
  };
}

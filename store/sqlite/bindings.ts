import type { Database } from "better-sqlite3";
import type { BindingRecord, Store } from "../port.ts";
import type { WriteGroup } from "./write-group.ts";

interface Row extends Omit<BindingRecord, "instance" | "userAgent"> {
  readonly instance: string | null;
  readonly userAgent: string | null;
}

export function bindingsIn(database: Database, writes: WriteGroup): Store["bindings"] {
  const list = database.prepare<[], Row>(
    `SELECT aor, contact, instance, q, call_id AS callId, cseq, expires_at AS expiresAt, user_agent AS userAgent, flow
     FROM bindings ORDER BY aor, contact`,
  );
  const put = database.prepare<[Row]>(
    `REPLACE INTO bindings (aor, contact, instance, q, call_id, cseq, expires_at, user_agent, flow)
     VALUES (@aor, @contact, @instance, @q, @callId, @cseq, @expiresAt, @userAgent, @flow)`,
  );
  const remove = database.prepare<[string, string]>("DELETE FROM bindings WHERE aor = ? AND contact = ?");
  return {
    list: async () => list.all().map(recordOf),
    put: async (binding) => writes.add(() => void put.run(rowOf(binding))),
    remove: async (aor, contact) => writes.add(() => void remove.run(aor, contact)),
  };
}

function rowOf(binding: BindingRecord): Row {
  return { ...binding, instance: binding.instance ?? null, userAgent: binding.userAgent ?? null };
}

function recordOf(row: Row): BindingRecord {
  return { ...row, instance: row.instance ?? undefined, userAgent: row.userAgent ?? undefined };
}

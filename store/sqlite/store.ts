import { closeSync, openSync } from "node:fs";
import type { Database } from "better-sqlite3";
import type { Logger } from "pino";
import type { Store } from "../port.ts";
import { awaitedReceiptsIn } from "./awaited-receipts.ts";
import { bindingsIn } from "./bindings.ts";
import { conversationsIn } from "./conversations.ts";
import { journalIn } from "./journal.ts";
import { schemaOf } from "./migrations.ts";
import { openDatabase } from "./open.ts";
import { parametersIn } from "./parameters.ts";
import { settingsIn } from "./settings.ts";
import { usersIn } from "./users.ts";
import { type WriteCounts, WriteGroup } from "./write-group.ts";

export interface SqliteStore extends Store {
  /** For the metrics. */
  counts(): WriteCounts;
  /** Writes a consistent copy to a new file of mode 0600, while the gateway goes on. Rejects when the file exists. */
  backup(path: string): Promise<void>;
}

export interface SqliteOptions {
  readonly path: string;
  readonly log?: Logger;
}

/** Opens the SQLite store. Rejects with an Error that says what is wrong with the file and what to do. */
export async function openSqliteStore({ path, log }: SqliteOptions): Promise<SqliteStore> {
  const database = openDatabase(path);
  const writes = new WriteGroup(database);
  log?.info({ path, schema: schemaOf(database) }, "store open");
  return {
    users: usersIn(database, writes),
    bindings: bindingsIn(database, writes),
    conversations: conversationsIn(database, writes),
    journal: journalIn(database, writes),
    awaitedReceipts: awaitedReceiptsIn(database, writes),
    parameters: parametersIn(database, writes),
    settings: settingsIn(database, writes),
    counts: () => writes.counts,
    backup: async (target) => backup(database, target),
    close: async () => {
      if (!database.open) return;
      writes.flush();
      database.close();
      log?.info({ path, ...writes.counts }, "store closed");
    },
  };
}

async function backup(database: Database, target: string): Promise<void> {
  closeSync(openSync(target, "wx", 0o600)); // never over a file that is there
  await database.backup(target);
}

import type { Database } from "better-sqlite3";

/**
 * Append-only: entry n leads from schema n to schema n + 1, and no entry is changed once it was released. The number of
 * the schema is SQLite's `user_version`. Times are milliseconds since the epoch.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE users (
    aor TEXT PRIMARY KEY,
    realm TEXT NOT NULL,
    ha1_md5 TEXT NOT NULL,
    ha1_sha256 TEXT NOT NULL,
    ha1b_md5 TEXT NOT NULL,
    ha1b_sha256 TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE bindings (
    aor TEXT NOT NULL,
    contact TEXT NOT NULL,
    instance TEXT,
    q INTEGER NOT NULL,
    call_id TEXT NOT NULL,
    cseq INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    user_agent TEXT,
    flow TEXT NOT NULL,
    PRIMARY KEY (aor, contact)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    aor TEXT NOT NULL,
    jid TEXT NOT NULL,
    thread TEXT,
    call_id TEXT,
    opened_at INTEGER NOT NULL,
    active_at INTEGER NOT NULL,
    from_sip INTEGER NOT NULL,
    from_xmpp INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE journal (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    direction TEXT NOT NULL CHECK (direction IN ('to-sip', 'to-xmpp')),
    conversation TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    payload TEXT NOT NULL
  ) STRICT;

  CREATE TABLE parameters (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
];

/** The schema of a database; 0 for an empty one. */
export function schemaOf(database: Database): number {
  return Number(database.pragma("user_version", { simple: true }));
}

/** Walks a database forward to the newest schema, all of the way or not at all. Throws when it is newer than that. */
export function migrate(database: Database, migrations: readonly string[] = MIGRATIONS): void {
  const schema = schemaOf(database);
  if (schema > migrations.length) {
    throw new Error(
      `it has schema ${schema}, and this Parley knows schemas up to ${migrations.length}: ` +
        "run the newer Parley that wrote it, or restore a backup from before the upgrade",
    );
  }
  database.transaction(() => {
    for (const [index, step] of migrations.entries()) {
      if (index < schema) continue;
      database.exec(step);
      database.pragma(`user_version = ${index + 1}`);
    }
  })();
}

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
  // A row under way is in a small index of its own, so that most rows, which come and go within a second, cost no more.
  `
  ALTER TABLE conversations ADD COLUMN sip_lock TEXT;
  ALTER TABLE conversations ADD COLUMN xmpp_lock TEXT;

  CREATE TABLE journal_with_state (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    direction TEXT NOT NULL CHECK (direction IN ('to-sip', 'to-xmpp')),
    conversation TEXT NOT NULL,
    aor TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('accepted', 'stored', 'confirmed', 'failed', 'expired', 'set-aside')),
    problem TEXT,
    accepted_at INTEGER NOT NULL,
    payload TEXT NOT NULL
  ) STRICT;
  INSERT INTO journal_with_state (sequence, id, direction, conversation, aor, state, accepted_at, payload)
    SELECT sequence, id, direction, conversation,
           coalesce(CASE WHEN json_valid(payload) THEN json_extract(payload, '$.aor') END, ''),
           'accepted', accepted_at, payload
    FROM journal ORDER BY sequence;
  DROP TABLE journal;
  ALTER TABLE journal_with_state RENAME TO journal;
  CREATE INDEX journal_under_way ON journal (state, sequence, aor, direction) WHERE state = 'accepted';
  CREATE INDEX journal_waiting ON journal (state, aor, sequence, direction) WHERE state <> 'accepted';
  CREATE INDEX journal_by_age ON journal (state, accepted_at) WHERE state <> 'accepted';

  CREATE TABLE awaited_receipts (
    key TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL,
    payload TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX awaited_receipts_by_expiry ON awaited_receipts (expires_at);
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

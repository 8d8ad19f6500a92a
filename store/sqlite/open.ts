import { chmodSync, closeSync, openSync } from "node:fs";
import Sqlite, { type Database } from "better-sqlite3";
import { migrate } from "./migrations.ts";

/** The file holds what a login needs. */
const OWNER_ONLY = 0o600;
/** "PRLY": tells a Parley database from any other SQLite file. SQLite file format §1.3.8. */
const APPLICATION_ID = 0x50524c59;
/** A process that is being replaced may still be closing; the service's own restart delay covers the rest. */
const BUSY_TIMEOUT_MS = 1000;
/** Above the few MB that a burst needs between checkpoints, so that the -wal file shrinks again after one. */
const WAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * Opens the file, made when there is none, with the newest schema. Throws an Error that names the file, what is wrong
 * with it and what to do.
 */
export function openDatabase(path: string): Database {
  let database: Database | undefined;
  try {
    closeSync(openSync(path, "a", OWNER_ONLY));
    database = new Sqlite(path, { timeout: BUSY_TIMEOUT_MS });
    const isMarked = assertOurs(database);
    chmodSync(path, OWNER_ONLY); // now that it is known to be ours; SQLite gives the -wal file the same mode
    takeHold(database);
    if (!isMarked) database.pragma(`application_id = ${APPLICATION_ID}`);
    migrate(database);
    return database;
  } catch (cause) {
    database?.close();
    throw new Error(`store ${path}: ${reasonOf(cause)}`, { cause });
  }
}

/**
 * One process holds the file as long as it is open: two gateways would deliver each row of the journal twice, and a
 * foreign reader that lingers would keep the -wal file from ever being emptied. The kernel drops the hold with the
 * process. While it is held, `sqlite3` cannot read: copies are made by `backup`.
 */
function takeHold(database: Database): void {
  database.pragma("locking_mode = EXCLUSIVE");
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL"); // the build's default under WAL is NORMAL, which forgets commits on a power cut
  database.pragma("foreign_keys = ON");
  database.pragma(`journal_size_limit = ${WAL_SIZE_LIMIT_BYTES}`);
  database.exec("BEGIN EXCLUSIVE; COMMIT"); // the lock is taken by the first write, not by the pragma
}

/** Asked before anything is written. False for an empty file, which is to be marked as ours. */
function assertOurs(database: Database): boolean {
  const id = database.pragma("application_id", { simple: true });
  if (id === APPLICATION_ID) return true;
  const tables = database.prepare("SELECT count(*) FROM sqlite_schema").pluck().get();
  if (id !== 0 || tables !== 0) throw new Error("it is a database of another program: name another file");
  return false;
}

/** What an operator can do about it; other errors speak for themselves. */
const ADVICE: Readonly<Record<string, string>> = {
  SQLITE_NOTADB: "it is not an SQLite database: name another file, or restore a backup",
  SQLITE_CORRUPT: "it is damaged: restore a backup",
  SQLITE_BUSY: "another process holds it, perhaps a Parley that is still running: stop that one first",
  SQLITE_READONLY: "it cannot be written: check the owner and mode of the file and its folder",
  SQLITE_CANTOPEN: "it cannot be opened: check that the folder exists and may be written",
  SQLITE_FULL: "the disk is full: make room",
  ENOENT: "its folder does not exist: make it, or name another file",
  EISDIR: "it is a folder: name a file",
  EACCES: "it may not be opened by this user: check the owner and mode of the file and its folder",
  EPERM: "it belongs to another user: check the owner of the file",
  EROFS: "its file system is read-only: name another file",
};

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const code = "code" in cause ? String(cause.code) : "";
  const known = Object.keys(ADVICE).find((name) => code === name || code.startsWith(`${name}_`));
  return known === undefined ? cause.message : `${ADVICE[known]} (${code})`;
}

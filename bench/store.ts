import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JournalRecord } from "../store/port.ts";
import { openSqliteStore, type SqliteStore } from "../store/sqlite/store.ts";
import type { Row } from "./row.ts";

const ROWS_PER_COMMIT = 64; // what a busy turn of the event loop brings
const COMMITS = 1000;
const PAYLOAD = JSON.stringify({ body: "x".repeat(200) });

/** Journal rows a second through the SQLite store, each settled on disk, at 64 rows a commit. */
export async function benchStore(): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), "parley-bench-"));
  const store = await openSqliteStore({ path: join(folder, "bench.db") });
  try {
    const added = await secondsOf(() => addAll(store));
    const commits = store.counts().commits;
    const removed = await secondsOf(() => removeAll(store));
    const rows = ROWS_PER_COMMIT * COMMITS;
    return [
      { name: "store: journal rows added", value: Math.round(rows / added), unit: "rows/s" },
      { name: "store: journal rows removed", value: Math.round(rows / removed), unit: "rows/s" },
      { name: "store: commit of 64 rows", value: Number(((added / commits) * 1000).toFixed(3)), unit: "ms" },
    ];
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function addAll(store: SqliteStore): Promise<void> {
  for (let commit = 0; commit < COMMITS; commit += 1) {
    await Promise.all(idsOf(commit).map((id) => store.journal.add(rowOf(id))));
  }
}

async function removeAll(store: SqliteStore): Promise<void> {
  for (let commit = 0; commit < COMMITS; commit += 1) {
    await Promise.all(idsOf(commit).map((id) => store.journal.remove(id)));
  }
}

function idsOf(commit: number): readonly string[] {
  return Array.from({ length: ROWS_PER_COMMIT }, (_, n) => String(commit * ROWS_PER_COMMIT + n).padStart(12, "0"));
}

function rowOf(id: string): JournalRecord {
  const conversation = `c${id.slice(-2)}`;
  const aor = "alice@sip.test";
  return {
    id,
    direction: "to-sip",
    conversation,
    aor,
    state: "accepted",
    problem: undefined,
    acceptedAt: 0,
    payload: PAYLOAD,
  };
}

async function secondsOf(run: () => Promise<void>): Promise<number> {
  const start = process.hrtime.bigint();
  await run();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

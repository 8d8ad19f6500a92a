import type { Database } from "better-sqlite3";
import type { Store, UserRecord } from "../port.ts";
import type { WriteGroup } from "./write-group.ts";

const COLUMNS = `aor, realm, ha1_md5 AS ha1Md5, ha1_sha256 AS ha1Sha256, ha1b_md5 AS ha1bMd5, ha1b_sha256 AS ha1bSha256,
  created_at AS createdAt`;

export function usersIn(database: Database, writes: WriteGroup): Store["users"] {
  const get = database.prepare<[string], UserRecord>(`SELECT ${COLUMNS} FROM users WHERE aor = ?`);
  const list = database.prepare<[], UserRecord>(`SELECT ${COLUMNS} FROM users ORDER BY aor`);
  const put = database.prepare<[UserRecord]>(
    `REPLACE INTO users (aor, realm, ha1_md5, ha1_sha256, ha1b_md5, ha1b_sha256, created_at)
     VALUES (@aor, @realm, @ha1Md5, @ha1Sha256, @ha1bMd5, @ha1bSha256, @createdAt)`,
  );
  const removeUser = database.prepare<[string]>("DELETE FROM users WHERE aor = ?");
  const removeBindings = database.prepare<[string]>("DELETE FROM bindings WHERE aor = ?");
  const removeBoth = database.transaction((aor: string) => {
    removeBindings.run(aor);
    return removeUser.run(aor).changes > 0;
  });
  return {
    get: async (aor) => get.get(aor),
    list: async () => list.all(),
    put: async (user) => writes.add(() => void put.run(user)),
    remove: async (aor) => writes.add(() => removeBoth(aor)),
  };
}

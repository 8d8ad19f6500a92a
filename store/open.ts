import type { Logger } from "pino";
import type { Store } from "./port.ts";
import { openSqliteStore } from "./sqlite/store.ts";

/** Opens the store of a URL, `sqlite:` and a resolved path. Rejects with an Error fit for an operator. */
export async function openStore(url: string, log?: Logger): Promise<Store> {
  const colon = url.indexOf(":");
  const [scheme, path] = [url.slice(0, Math.max(colon, 0)), url.slice(colon + 1)];
  if (scheme !== "sqlite")
    throw new Error(`store ${scheme === "" ? url : `${scheme}:…`}: only "sqlite:FILE" is supported`);
  if (path === "") throw new Error('store sqlite: the file is missing, as in "sqlite:parley.db"');
  return openSqliteStore(log === undefined ? { path } : { path, log });
}

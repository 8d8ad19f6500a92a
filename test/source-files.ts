import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface SourceFile {
  readonly path: string; // relative to the repository, with slashes
  readonly text: string;
}

/** The rooms of the house: every folder that may hold code. */
export const rooms: readonly string[] = ["gateway", "sip", "xmpp", "store", "cli", "web", "start", "test", "bench"];

/** The files of these folders with one of these endings; test vectors are data, not ours. */
export function readSources(folders: readonly string[], endings: readonly string[]): readonly SourceFile[] {
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)))
    .filter((path) => endings.some((ending) => path.endsWith(ending)) && !path.includes("/vectors/"))
    .sort()
    .map((path) => ({ path, text: readFileSync(path, "utf8") }));
}

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The version of this package. */
export const VERSION = versionAbove(import.meta.dirname);

/** package.json lies some folders above the compiled code. */
function versionAbove(from: string): string {
  const file = join(from, "package.json");
  if (existsSync(file)) return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
  const above = dirname(from);
  return above === from ? "unknown" : versionAbove(above);
}

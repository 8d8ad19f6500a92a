import { existsSync } from "node:fs";

/** Where parley.yaml is looked for when no `--config` is given; the second is where `npm start` puts it. */
const DEFAULT_FILES = ["parley.yaml", "var/parley.yaml"] as const;

/** The file of `--config`, or the first default that exists, or else the first default, to be told missing. */
export function configFileOf(option: string | undefined): string {
  return option ?? DEFAULT_FILES.find((file) => existsSync(file)) ?? DEFAULT_FILES[0];
}

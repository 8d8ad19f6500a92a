import { randomBytes } from "node:crypto";
import type { Store } from "../store/port.ts";

/** A secret of the gateway's own: made once, then the same for ever. 256 bits, hex. */
export async function keptSecret(settings: Store["settings"], name: string): Promise<string> {
  const kept = await settings.get(name);
  if (kept !== undefined) return kept;
  const made = randomBytes(32).toString("hex");
  await settings.put(name, made);
  return made;
}

import { hash } from "node:crypto";

/** 132 bits of SHA-256: nobody finds two alike, and a key keeps no message. Each part stands behind its length. */
export function digestOf(parts: readonly (string | Buffer)[]): string {
  let text = "";
  for (const part of parts) {
    const latin1 = typeof part === "string" ? part : part.toString("latin1");
    text += `${latin1.length}:${latin1}`;
  }
  return hash("sha256", text, "base64").slice(0, 22);
}

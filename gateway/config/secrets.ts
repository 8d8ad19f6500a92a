import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { type Finding, problemAt } from "./problem.ts";
import { type ComponentEntry, xmppSchema } from "./schema.ts";

/** The secret of each component, in the order of the list; undefined where the managed server makes one. */
export interface ComponentSecrets {
  readonly secrets: readonly (string | undefined)[];
  readonly findings: readonly Finding[];
}

type Secret =
  | { readonly ok: true; readonly secret: string | undefined; readonly warning?: KeyedReason }
  | ({ readonly ok: false } & KeyedReason);
interface KeyedReason {
  readonly key?: "secret" | "secretFile"; // absent: the component as a whole
  readonly why: string;
}

interface SecretSource {
  readonly file: string; // parley.yaml itself
  readonly directory: string;
  readonly managed: boolean;
}

const needed = z.object({ xmpp: z.object({ components: xmppSchema.shape.components, server: z.unknown() }) });

/** Reads the secrets that stand in the file itself or in files beside it. */
export function readSecrets(raw: unknown, file: string, directory: string): ComponentSecrets {
  const entries = needed.safeParse(raw);
  if (!entries.success) return { secrets: [], findings: [] };
  const { components, server } = entries.data.xmpp;
  const secrets: (string | undefined)[] = [];
  const findings: Finding[] = [];
  for (const [index, component] of components.entries()) {
    const found = secretOf(component, { file, directory, managed: server === "managed" });
    secrets.push(found.ok ? found.secret : undefined);
    const trouble = found.ok ? found.warning : found;
    if (trouble === undefined) continue;
    const path = ["xmpp", "components", index, ...(trouble.key === undefined ? [] : [trouble.key])];
    findings.push({ severity: found.ok ? "warning" : "problem", problem: problemAt(raw, path, trouble.why) });
  }
  return { secrets, findings };
}

function secretOf(component: ComponentEntry, source: SecretSource): Secret {
  const { secret, secretFile } = component;
  if (secret !== undefined && secretFile !== undefined) {
    return { ok: false, key: "secret", why: "stands beside secretFile: keep one of the two" };
  }
  if (secretFile !== undefined) return secretInFile(resolve(source.directory, secretFile));
  if (secret !== undefined)
    return checkedSecret(secret, "secret", isWorldReadable(source.file) ? source.file : undefined);
  if (source.managed) return { ok: true, secret: undefined };
  return { ok: false, why: "has no secret: give secretFile (or secret) as the XMPP server knows it" };
}

function secretInFile(path: string): Secret {
  try {
    const secret = readFileSync(path, "utf8").replace(/\r?\n$/, "");
    return checkedSecret(secret, "secretFile", isWorldReadable(path) ? path : undefined);
  } catch (error) {
    return { ok: false, key: "secretFile", why: `${path} cannot be read: ${(error as Error).message}` };
  }
}

function checkedSecret(secret: string, key: "secret" | "secretFile", readableByAll: string | undefined): Secret {
  if (secret.trim() === "") return { ok: false, key, why: "is empty: put the component secret there" };
  if (/\p{Cc}/u.test(secret)) return { ok: false, key, why: "must be one line of text: a control character is in it" };
  if (readableByAll === undefined) return { ok: true, secret };
  const why = `every user of this machine can read the secret: chmod o-r ${readableByAll}`;
  return { ok: true, secret, warning: { key, why } };
}

function isWorldReadable(path: string): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o004) !== 0;
}

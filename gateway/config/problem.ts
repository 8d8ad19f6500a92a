import type { z } from "zod";
import { didYouMean } from "../nearest-name.ts";

/** What is wrong with one key of the configuration, for the person who wrote it. */
export interface Problem {
  readonly path: string; // "sip.listen[1]"; "" is the file as a whole
  /** The value as text, shortened; undefined where there is none or where it is secret. */
  readonly value: string | undefined;
  readonly reason: string; // what is wrong and what to do
}

/** A problem stops the start, a warning does not. */
export interface Finding {
  readonly severity: "problem" | "warning";
  readonly problem: Problem;
}

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

/** Longer values are cut: the path already says where to look. */
const MAX_VALUE_CHARS = 80;

/** A problem at a path, with the value that the file has there. */
export function problemAt(raw: unknown, path: Path, reason: string): Problem {
  return { path: formatPath(path), value: formatValue(path, valueAt(raw, path)), reason };
}

/** Turns what the schema found into problems; an unknown key is a problem of its own. */
export function problemsOf(raw: unknown, issues: readonly Issue[], base: Path = []): Problem[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...issue.path];
    if (issue.code === "unrecognized_keys") {
      // A section gives the keys that it knows as the message, see `section`.
      const known = issue.message.split(" ");
      return issue.keys.map((key) => problemAt(raw, [...path, key], unknownKey(key, known)));
    }
    if (issue.code === "invalid_union") {
      const meant = issue.errors.find((branch) => !branch.some(isWrongKindOfValue));
      if (meant !== undefined) return problemsOf(raw, meant, path);
    }
    return [problemAt(raw, path, issue.message)];
  });
}

function isWrongKindOfValue(issue: Issue): boolean {
  return issue.code === "invalid_type" && issue.path.length === 0;
}

function unknownKey(key: string, known: readonly string[]): string {
  return `unknown key${didYouMean(key, known)}; known here: ${known.join(", ")}`;
}

function formatPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? String(step) : `.${String(step)}`;
  }
  return text;
}

function valueAt(raw: unknown, path: Path): unknown {
  let value = raw;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}

/** Secrets never leave the file, not even inside a larger value. */
function formatValue(path: Path, value: unknown): string | undefined {
  if (value === undefined || value === null || value === "" || isSecret(path.at(-1))) return undefined;
  const text = typeof value === "string" ? value : JSON.stringify(value, (key, v) => (isSecret(key) ? "…" : v));
  return text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS)}…` : text;
}

/** Also a mistyped one, such as `secert` or `password`. */
function isSecret(key: PropertyKey | undefined): boolean {
  return (
    typeof key === "string" && key !== "secretFile" && (/secret|passw/i.test(key) || didYouMean(key, ["secret"]) !== "")
  );
}

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { LevelWithSilent } from "pino";
import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { type Problem, problemAt, problemsOf } from "./config/problem.ts";
import { checkRules, namesOf } from "./config/rules.ts";
import { configSchema, controlSchema, managedSchema } from "./config/schema.ts";
import { readSecrets } from "./config/secrets.ts";
import type { Listener, ServerAddress, StoreLocation } from "./config/values.ts";

/** parley.yaml, checked and frozen. Paths are absolute, domains in lower case. */
export interface Config {
  readonly file: string;
  readonly sip: {
    readonly domains: readonly string[];
    readonly listen: readonly Listener[];
    /** none: any user of a local domain is believed. */
    readonly authentication: "digest" | "none";
  };
  readonly xmpp: XmppSide & {
    readonly components: readonly ComponentConfig[];
    readonly domains: readonly string[];
  };
  readonly store: StoreLocation;
  readonly control: string; // path of the UNIX socket
  readonly log: { readonly level: LevelWithSilent; readonly format: "json" | "pretty" };
}

/** The XMPP server: one that is there already, or a private Prosody. */
type XmppSide =
  | { readonly server: ServerAddress; readonly managed?: undefined }
  | { readonly server: "managed"; readonly managed: ManagedServerConfig };

export interface ManagedServerConfig {
  readonly directory: string;
  readonly clientPort: number;
  readonly componentPort: number;
}

/** One component of the XMPP server and the SIP domain that it stands for. XEP-0114. */
export interface ComponentConfig {
  readonly sipDomain: string;
  readonly xmppDomain: string;
  readonly secret: string | undefined; // undefined: the managed server makes one
}

type Checked = z.output<typeof configSchema>;

export type LoadedConfig =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

/** Reads and checks parley.yaml; every problem is told at once. */
export function loadConfig(file: string): LoadedConfig {
  const path = resolve(file);
  const read = readYaml(path);
  if (!read.ok) return { ok: false, problems: read.problems, warnings: [] };
  const { raw } = read;
  const directory = dirname(path);
  const checked = configSchema.safeParse(raw);
  const { secrets, findings } = readSecrets(raw, path, directory);
  const all = [...checkRules(raw, directory), ...findings];
  const told = (severity: string) => all.filter((row) => row.severity === severity).map(({ problem }) => problem);
  const problems = [...(checked.success ? [] : problemsOf(raw, checked.error.issues)), ...told("problem")];
  if (!checked.success || problems.length > 0) return { ok: false, problems, warnings: told("warning") };
  return { ok: true, config: frozen(configOf(checked.data, path, secrets)), warnings: told("warning") };
}

/** Only the control socket, so that a mistake elsewhere in the file does not lock the operator out of a running daemon. */
export function loadControlPath(file: string): { readonly ok: true; readonly control: string } | Refused {
  const path = resolve(file);
  const read = readYaml(path);
  if (!read.ok) return read;
  const control = controlSchema.safeParse((read.raw as { control?: unknown } | null)?.control);
  if (control.success) return { ok: true, control: resolve(dirname(path), control.data) };
  return { ok: false, problems: problemsOf(read.raw, control.error.issues, ["control"]) };
}

/** `sip.listen[1]: must look like … (value)`. */
export function formatProblem({ path, value, reason }: Problem): string {
  return `${path === "" ? "" : `${path}: `}${reason}${value === undefined ? "" : ` (${value})`}`;
}

interface Refused {
  readonly ok: false;
  readonly problems: readonly Problem[];
}

function readYaml(path: string): { readonly ok: true; readonly raw: unknown } | Refused {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    return { ok: false, problems: [problemAt(undefined, [], `${path} cannot be read: ${(error as Error).message}`)] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      return { path: `line ${line}, column ${col}`, value: undefined, reason: error.message };
    });
    return { ok: false, problems };
  }
  try {
    return { ok: true, raw: document.toJS() };
  } catch {
    // The message would repeat the text behind the asterisk, which may be a secret that begins with one.
    const reason = "a value begins with * (an alias) and cannot be resolved: put it into quotes";
    return { ok: false, problems: [problemAt(undefined, [], reason)] };
  }
}

function configOf(checked: Checked, file: string, secrets: readonly (string | undefined)[]): Config {
  const here = (path: string) => resolve(dirname(file), path);
  const { sip, xmpp, store, control, log } = checked;
  return {
    file,
    sip: { domains: sip.domains, listen: sip.listen, authentication: sip.authentication },
    xmpp: {
      ...xmppSideOf(xmpp, here),
      components: xmpp.components.map((entry, index) => {
        const names = namesOf(entry);
        return { sipDomain: names.sip, xmppDomain: names.xmpp, secret: secrets[index] };
      }),
      domains: xmpp.domains,
    },
    store: { ...store, file: here(store.file) },
    control: here(control),
    log,
  };
}

function xmppSideOf({ server, managed }: Checked["xmpp"], here: (path: string) => string): XmppSide {
  if (server !== "managed") return { server };
  const settings = managed ?? managedSchema.parse({});
  return { server, managed: { ...settings, directory: here(settings.directory) } };
}

function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}

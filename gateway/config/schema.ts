import { z } from "zod";
import type { Parsed } from "../../sip/parsed.ts";
import { didYouMean } from "../nearest-name.ts";
import { parseDomain, parseListener, parseServer, parseStore } from "./values.ts";

/** The keys of parley.yaml, one by one; what holds between keys is in rules.ts. */

/** Reason for a value of the wrong kind. YAML gives null for a key with nothing behind it. */
function wanting(what: string): (issue: { readonly input?: unknown }) => string {
  return (issue) =>
    issue.input === undefined || issue.input === null ? `is missing: give ${what}` : `must be ${what}`;
}

/** A section with exactly these keys. The message of an unknown key is the list of the known ones. */
function section<S extends z.core.$ZodLooseShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  const keys = Object.keys(shape);
  const wrongKind = wanting(`a section with ${keys.join(", ")}`);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? keys.join(" ") : wrongKind(issue)),
  });
}

function text(what: string) {
  return z.string({ error: wanting(what) }).min(1, { error: `must be ${what}, not empty` });
}

function parsedText<T>(what: string, parse: (text: string) => Parsed<T>) {
  return z.string({ error: wanting(what) }).transform((value, context): T => {
    const result = parse(value);
    if (result.ok) return result.value;
    context.addIssue({ code: "custom", message: result.why });
    return z.NEVER;
  });
}

function list<T extends z.ZodType>(what: string, item: T) {
  return z
    .array(item, { error: wanting(`a list of ${what}`) })
    .min(1, { error: `must have at least one entry: ${what}` });
}

function oneOf<const T extends readonly [string, ...string[]]>(...choices: T) {
  return z.enum(choices, {
    error: (issue) =>
      `must be one of ${choices.join(", ")}${typeof issue.input === "string" ? didYouMean(issue.input, choices) : ""}`,
  });
}

function port() {
  const reason = "must be a port from 1 to 65535";
  return z.int({ error: reason }).min(1, { error: reason }).max(65535, { error: reason });
}

const domain = (what: string) => parsedText(what, parseDomain);

const componentDomain = z.union(
  [
    domain("a domain"),
    section({ sip: domain("the domain on the SIP side"), xmpp: domain("the domain of the component") }),
  ],
  { error: wanting("a domain, or a pair { sip: example.com, xmpp: sip.example.com }") },
);

export const componentSchema = section({
  domain: componentDomain,
  secret: text("the component secret").optional(),
  secretFile: text("the path of a file with the component secret").optional(),
});

export const sipSchema = section({
  domains: list("SIP domains such as sip.example.com", domain("a SIP domain")),
  listen: list(
    "listeners such as udp://127.0.0.1:5060",
    parsedText("a listener such as udp://127.0.0.1:5060", parseListener),
  ),
  authentication: oneOf("digest", "none").default("digest"),
  tls: section({ certificate: text("the path of a PEM file"), key: text("the path of a PEM file") }).optional(),
  trunks: z
    .array(z.unknown(), { error: wanting("an empty list") })
    .max(0, { error: "trunks are not supported in this version: leave the list empty" })
    .default([]),
});

export const managedSchema = section({
  directory: text("the folder for the private Prosody").default("prosody"),
  clientPort: port().default(5222), // RFC 6120 §14.7
  componentPort: port().default(5347),
});

export const xmppSchema = section({
  server: parsedText('the component port of the XMPP server such as xmpp://127.0.0.1:5347, or "managed"', parseServer),
  managed: managedSchema.optional(),
  components: list("components such as { domain: sip.example.com, secretFile: component.secret }", componentSchema),
  domains: list("XMPP domains such as example.com", domain("an XMPP domain")),
});

export const controlSchema = text("the path of the control socket").default("parley.sock");

export const configSchema = section({
  sip: sipSchema,
  xmpp: xmppSchema,
  store: parsedText("a store such as sqlite:parley.db", parseStore).default({ driver: "sqlite", file: "parley.db" }),
  control: controlSchema,
  log: section({
    level: oneOf("fatal", "error", "warn", "info", "debug", "trace", "silent").default("info"),
    format: oneOf("json", "pretty").default("json"),
  }).default({ level: "info", format: "json" }),
});

export type ComponentEntry = z.output<typeof componentSchema>;

import { resolve } from "node:path";
import { z } from "zod";
import { type Finding, type Problem, problemAt } from "./problem.ts";
import { type ComponentEntry, controlSchema, sipSchema, xmppSchema } from "./schema.ts";
import { formatListener, isLoopback } from "./values.ts";

/**
 * What must hold between keys. A rule runs whenever the keys that it needs are well-formed by themselves, so that a
 * mistake elsewhere does not hide it.
 */
interface Rule {
  readonly findings: (raw: unknown, directory: string) => readonly Finding[];
}

type Report = (path: readonly PropertyKey[], reason: string) => Problem;

function rule<S extends z.ZodType>(
  needs: S,
  check: (value: z.output<S>, at: Report, directory: string) => Iterable<Problem>,
  severity: Finding["severity"] = "problem",
): Rule {
  return {
    findings: (raw, directory) => {
      const value = needs.safeParse(raw);
      if (!value.success) return [];
      const at: Report = (path, reason) => problemAt(raw, path, reason);
      return Array.from(check(value.data, at, directory), (problem) => ({ severity, problem }));
    },
  };
}

const { domains: sipDomains, listen, authentication, tls } = sipSchema.shape;
const { domains: xmppDomains, components, server } = xmppSchema.shape;

/** The two names of one component; the same where no pair is given. */
export function namesOf(entry: Pick<ComponentEntry, "domain">): { readonly sip: string; readonly xmpp: string } {
  return typeof entry.domain === "string" ? { sip: entry.domain, xmpp: entry.domain } : entry.domain;
}

/** sun_path holds 108 bytes with its closing NUL. unix(7). */
const MAX_SOCKET_PATH_BYTES = 107;

const RULES: readonly Rule[] = [
  rule(z.object({ sip: z.object({ listen, authentication }) }), function* ({ sip }, at) {
    if (sip.authentication !== "none") return;
    const open = sip.listen.filter((listener) => !isLoopback(listener.address)).map(formatListener);
    if (open.length === 0) return;
    const reason = "anybody who reaches a listener could speak as any user: use digest, or listen on loopback only";
    yield at(["sip", "authentication"], `${reason} (not loopback: ${open.join(", ")})`);
  }),

  rule(z.object({ sip: z.object({ listen }) }), function* ({ sip }, at) {
    const fixed = sip.listen.map((listener) => (listener.port === 0 ? undefined : formatListener(listener)));
    for (const index of repeats(fixed)) yield at(["sip", "listen", index], "is listed twice: remove one");
  }),

  rule(z.object({ sip: z.object({ domains: sipDomains }) }), function* ({ sip }, at) {
    for (const index of repeats(sip.domains)) yield at(["sip", "domains", index], "is listed twice: remove one");
  }),

  rule(z.object({ xmpp: z.object({ domains: xmppDomains }) }), function* ({ xmpp }, at) {
    for (const index of repeats(xmpp.domains)) yield at(["xmpp", "domains", index], "is listed twice: remove one");
  }),

  rule(z.object({ xmpp: z.object({ components }) }), function* ({ xmpp }, at) {
    const names = xmpp.components.map(namesOf);
    const twice = new Set([...repeats(names.map(({ sip }) => sip)), ...repeats(names.map((name) => name.xmpp))]);
    for (const index of twice) yield at(["xmpp", "components", index, "domain"], "has a component already: remove one");
  }),

  rule(
    z.object({ sip: z.object({ domains: sipDomains }), xmpp: z.object({ components }) }),
    function* ({ sip, xmpp }, at) {
      const served = xmpp.components.map((entry) => namesOf(entry).sip);
      for (const [index, domain] of sip.domains.entries()) {
        if (served.includes(domain)) continue;
        yield at(["sip", "domains", index], `has no component: add { domain: ${domain}, … } to xmpp.components`);
      }
      for (const [index, domain] of served.entries()) {
        if (sip.domains.includes(domain)) continue;
        yield at(["xmpp", "components", index, "domain"], `add ${domain} to sip.domains, or remove this component`);
      }
    },
  ),

  rule(
    z.object({ sip: z.object({ domains: sipDomains }), xmpp: z.object({ domains: xmppDomains }) }),
    function* ({ sip, xmpp }, at) {
      for (const [index, domain] of xmpp.domains.entries()) {
        if (!sip.domains.includes(domain)) continue;
        yield at(["xmpp", "domains", index], "is in sip.domains too: a domain has its users on one side only");
      }
    },
  ),

  rule(z.object({ xmpp: z.object({ components, domains: xmppDomains }) }), function* ({ xmpp }, at) {
    for (const [index, entry] of xmpp.components.entries()) {
      const { sip, xmpp: component } = namesOf(entry);
      if (component === sip || !xmpp.domains.includes(component)) continue;
      yield at(
        ["xmpp", "components", index, "domain", "xmpp"],
        "is in xmpp.domains too: a component needs its own name",
      );
    }
  }),

  rule(z.object({ xmpp: z.object({ server, managed: z.unknown() }) }), function* ({ xmpp }, at) {
    if (xmpp.managed === undefined || xmpp.server === "managed") return;
    yield at(["xmpp", "managed"], "goes with server: managed only: remove it, or set xmpp.server to managed");
  }),

  rule(z.object({ xmpp: z.object({ managed: xmppSchema.shape.managed }) }), function* ({ xmpp }, at) {
    if (xmpp.managed === undefined || xmpp.managed.clientPort !== xmpp.managed.componentPort) return;
    yield at(["xmpp", "managed", "componentPort"], "must differ from clientPort");
  }),

  rule(z.object({ control: controlSchema }), function* ({ control }, at, directory) {
    const bytes = Buffer.byteLength(resolve(directory, control));
    if (bytes <= MAX_SOCKET_PATH_BYTES) return;
    const reason = `the path has ${bytes} bytes, a UNIX socket takes ${MAX_SOCKET_PATH_BYTES}: put it into a nearer folder`;
    yield at(["control"], `${reason} such as /run/parley`);
  }),

  rule(
    z.object({ sip: z.object({ tls }) }),
    function* ({ sip }, at) {
      if (sip.tls !== undefined) yield at(["sip", "tls"], "is not used: no listener needs it in this version");
    },
    "warning",
  ),
];

/** Walks all rules over the file as it was read. */
export function checkRules(raw: unknown, directory: string): readonly Finding[] {
  return RULES.flatMap((row) => row.findings(raw, directory));
}

/** Indexes of the entries that stand in the list already; undefined never repeats. */
function repeats(values: readonly (string | undefined)[]): number[] {
  return [...values.keys()].filter((index) => {
    const value = values[index];
    return value !== undefined && values.indexOf(value) < index;
  });
}

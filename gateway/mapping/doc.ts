import { JID_ESCAPES } from "../../xmpp/jid-escaping.ts";
import { STANZA_ERROR_TYPE } from "../../xmpp/stanza-error.ts";
import { CONDITION_FOR_SIP_CLASS, CONDITION_FOR_SIP_STATUS, SIP_STATUS_FOR_CONDITION } from "./error.ts";
import { ACCEPTED_TYPES } from "./from-sip.ts";

/** What the message mapping does, field by field. RFC 7572 §4, §5. */
// biome-ignore format: table
export const MESSAGE_FIELDS = [
  { sip: "From",              xmpp: "from",       note: "the bare JID: an answer goes to all of the person's clients" },
  { sip: "Request-URI, To",   xmpp: "to",         note: "a `gr` parameter becomes the resource" },
  { sip: "body",              xmpp: "<body/>",    note: "byte-exact text; other charsets become UTF-8, what XML forbids becomes U+FFFD" },
  { sip: "Subject",           xmpp: "<subject/>", note: "a stanza with a subject alone is read as its text" },
  { sip: "Call-ID",           xmpp: "<thread/>",  note: "to XMPP: the thread of the XMPP side, else the first Call-ID of the conversation; to SIP: a fresh Call-ID each time, since phones drop a reused one as a duplicate" },
  { sip: "Content-Language",  xmpp: "xml:lang",   note: "" },
  { sip: "branch of Via",     xmpp: "id",         note: "to XMPP only; a branch of our own is fresh for each attempt" },
  { sip: "Date",              xmpp: "",           note: "when the stanza came in" },
  { sip: "",                  xmpp: "type",       note: "`chat`; the RFC says none or `normal`, which clients show as a letter and servers neither copy nor archive" },
] as const;

/** docs/MAPPING.md, printed from the tables that the code walks. */
export function formatMappingDoc(): string {
  const row = (...cells: (string | number)[]) => `| ${cells.join(" | ")} |`;
  return [
    "# Mapping between SIP and XMPP",
    "",
    "Printed from the tables in `gateway/mapping/` by `npm run docs`; do not edit.",
    "",
    "## Addresses (RFC 7247 §5, XEP-0106)",
    "",
    "The user part is percent-decoded, read as UTF-8, and what XMPP forbids is escaped; the other way round it is",
    "unescaped and percent-encoded. Domains keep their name unless a pair is configured. `sips:` is not carried over.",
    "",
    row("character", "in a JID"),
    row("---", "---"),
    ...Object.entries(JID_ESCAPES).map(([character, digits]) =>
      row(character === " " ? "space" : `\`${character}\``, `\`\\${digits}\``),
    ),
    "",
    "## Instant messages (RFC 7572)",
    "",
    `A MESSAGE may bring ${ACCEPTED_TYPES}; anything else is answered 415.`,
    "",
    row("SIP", "XMPP", "note"),
    row("---", "---", "---"),
    ...MESSAGE_FIELDS.map(({ sip, xmpp, note }) => row(sip, xmpp === "" ? "" : `\`${xmpp}\``, note)),
    "",
    "## Stanza error to SIP status (RFC 7247 §7)",
    "",
    "401 and 407 need a challenge that nobody on the XMPP side can make; the sender gets 403 instead.",
    "",
    row("condition", "type", "SIP status"),
    row("---", "---", "---"),
    ...Object.entries(SIP_STATUS_FOR_CONDITION).map(([condition, status]) =>
      row(condition, STANZA_ERROR_TYPE[condition as keyof typeof STANZA_ERROR_TYPE], formatStatus(status)),
    ),
    "",
    "## SIP status to stanza error (RFC 7247 §7)",
    "",
    row("SIP status", "condition"),
    row("---", "---"),
    ...Object.entries(CONDITION_FOR_SIP_STATUS).map(([status, condition]) => row(status, condition)),
    ...Object.entries(CONDITION_FOR_SIP_CLASS).map(([kind, condition]) => row(`any other ${kind}xx`, condition)),
    "",
  ].join("\n");
}

function formatStatus(status: number | Readonly<Record<string, number>>): string {
  if (typeof status === "number") return String(status);
  const words: Readonly<Record<string, string>> = {
    full: "about a full JID",
    bare: "about a bare JID",
    moved: "with a new address",
    lost: "without one",
  };
  return Object.entries(status)
    .map(([kind, value]) => `${value} ${words[kind]}`)
    .join(", ");
}

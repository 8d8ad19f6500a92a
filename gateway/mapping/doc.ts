import { ACCEPTED_ENCODINGS } from "../../sip/content-coding.ts";
import { READABLE_TYPES } from "../../sip/message-content.ts";
import { JID_ESCAPES } from "../../xmpp/jid-escaping.ts";
import { STANZA_ERROR_TYPE } from "../../xmpp/stanza-error.ts";
import { CONDITION_FOR_SIP_CLASS, CONDITION_FOR_SIP_STATUS, SIP_STATUS_FOR_CONDITION } from "./error.ts";
import { OUTCOME_OF_IMDN } from "./from-sip.ts";
import type { Asked } from "./instant-message.ts";
import { IMDN_OF_OUTCOME } from "./to-sip.ts";

/** What the message mapping does, field by field. RFC 7572 §4, §5. */
// biome-ignore format: table
export const MESSAGE_FIELDS = [
  { sip: "From",              xmpp: "from",       note: "the bare JID: an answer goes to all of the person's clients" },
  { sip: "Request-URI, To",   xmpp: "to",         note: "a `gr` parameter becomes the resource" },
  { sip: "body",              xmpp: "<body/>",    note: "byte-exact text; other charsets become UTF-8, what XML forbids becomes U+FFFD" },
  { sip: "Subject",           xmpp: "<subject/>", note: "a stanza with a subject alone is read as its text" },
  { sip: "Call-ID",           xmpp: "<thread/>",  note: "to XMPP: the thread of the XMPP side, else the first Call-ID of the conversation; to SIP: a fresh Call-ID each time, since phones drop a reused one as a duplicate" },
  { sip: "Content-Language",  xmpp: "xml:lang",   note: "" },
  { sip: "Call-ID, From tag, body", xmpp: "id",   note: "to XMPP only, their digest: a phone that sends an IM again after a restart has a new branch" },
  { sip: "Date",              xmpp: "",           note: "when the stanza came in" },
  { sip: "imdn.Message-ID",   xmpp: "id",         note: "what a receipt names; of a MESSAGE without CPIM its Call-ID" },
  { sip: "Auto-Submitted",    xmpp: "type",       note: "what a program sent: a failure is told to nobody; from XMPP `headline`" },
  { sip: "",                  xmpp: "type",       note: "`chat`; the RFC says none or `normal`, which clients show as a letter and servers neither copy nor archive" },
] as const;

/** What a MESSAGE may bring, and what becomes of it; one row for each type that is read. */
export const CONTENT_NOTES: Readonly<Record<string, string>> = {
  "text/plain": "the text, in any charset",
  "text/html": "reduced to text: line breaks, list signs, links as `text (address)`",
  "application/xhtml+xml": "the same",
  "message/cpim": "its content; Subject, Message-ID and Disposition-Notification are read, addresses are not believed",
  "message/imdn+xml": "a receipt, on its own or in CPIM",
  "application/im-iscomposing+xml": "a chat state, on its own or in CPIM",
  "multipart/alternative": "the plain part, else the HTML",
  "multipart/mixed":
    "all texts; in the place of a part that is not understood and does not say `handling=optional` stands a notice; without any text it is answered 415",
};

/** Receipts: what SIP asks and tells, and its counterpart. RFC 5438, XEP-0184, XEP-0333. */
// biome-ignore format: table
export const RECEIPTS: Readonly<Record<Asked, { readonly asked: string; readonly asks: string; readonly told: string }>> = {
  delivered: { asked: "positive-delivery", asks: "`<request xmlns='urn:xmpp:receipts'/>`",      told: "`<received xmlns='urn:xmpp:receipts'/>`" },
  displayed: { asked: "display",           asks: "`<markable xmlns='urn:xmpp:chat-markers:0'/>`", told: "`<displayed xmlns='urn:xmpp:chat-markers:0'/>`" },
  failed:    { asked: "negative-delivery", asks: "nothing: every sender is told",               told: "`<message type='error'/>`" },
};

/** Chat states. RFC 3994, XEP-0085. */
// biome-ignore format: table
export const CHAT_STATES = [
  { sip: "`active`, refreshed in time", xmpp: "`<composing/>`", note: "both ways" },
  { sip: "`idle`",                      xmpp: "`<active/>`",    note: "both ways" },
  { sip: "`active`, not refreshed",     xmpp: "`<active/>`",    note: "after its refresh, 120 s when it names none" },
  { sip: "`idle`",                      xmpp: "`<paused/>`, `<inactive/>`, `<gone/>`", note: "to SIP only" },
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
    row("SIP", "XMPP", "note"),
    row("---", "---", "---"),
    ...MESSAGE_FIELDS.map(({ sip, xmpp, note }) => row(sip, xmpp === "" ? "" : `\`${xmpp}\``, note)),
    "",
    "## Content of a MESSAGE (RFC 3428 §7, RFC 3862, RFC 2046)",
    "",
    `The body, or a part of it, may be packed (${ACCEPTED_ENCODINGS}); unpacked it must stay within \`im.max-size\`, else it is`,
    "answered 413. Any other type is answered 415 with Accept.",
    "",
    row("Content-Type", "what is read"),
    row("---", "---"),
    ...READABLE_TYPES.map((type) => row(type, CONTENT_NOTES[type] ?? "")),
    "",
    "## Receipts (RFC 5438, XEP-0184, XEP-0333)",
    "",
    "A notification about a notification is never asked for. A phone that wrote CPIM gets it in CPIM, any other one bare.",
    "",
    row("asked in CPIM", "asked in XMPP", "told in an IMDN", "told in XMPP"),
    row("---", "---", "---", "---"),
    ...Object.entries(RECEIPTS).map(([outcome, { asked, asks, told }]) =>
      row(asked, asks, formatImdns(outcome as Asked), told),
    ),
    "",
    "## Chat states (RFC 3994, XEP-0085)",
    "",
    row("SIP", "XMPP", "note"),
    row("---", "---", "---"),
    ...CHAT_STATES.map(({ sip, xmpp, note }) => row(sip, xmpp, note)),
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

/** The status that is sent first, then the others that are read alike. */
function formatImdns(outcome: Asked): string {
  const { status: sent } = IMDN_OF_OUTCOME[outcome];
  const read = Object.values(OUTCOME_OF_IMDN).flatMap((row) => Object.entries(row).filter(([, is]) => is === outcome));
  const others = read.map(([status]) => status).filter((status) => status !== sent);
  return [sent, ...others].map((status) => `\`<${status}/>\``).join(", read also from ");
}

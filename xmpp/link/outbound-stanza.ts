import type { Element } from "@xmpp/xml";
import { parseJid } from "../jid.ts";
import type { Parsed } from "../parsed.ts";
import { parsed, unparsed } from "../parsed.ts";
import { measureElement, sanitizeText } from "../xml-text.ts";
import type { LinkLimits } from "./limits.ts";
import type { PreparedStanza } from "./outbox.ts";

const STANZA_NAMES: ReadonlySet<string> = new Set(["message", "presence", "iq"]);

export interface OutboundRules {
  readonly domain: string;
  readonly limits: Pick<LinkLimits, "depth" | "outboundStanzaBytes">;
}

/**
 * The text of a stanza that no server can take as a reason to close the stream: it comes from our domain, is addressed,
 * holds only what XML can carry, and is neither too deep nor too large.
 */
export function prepareStanza(stanza: Element, { domain, limits }: OutboundRules): Parsed<PreparedStanza> {
  if (!STANZA_NAMES.has(stanza.name) || stanza.attrs["xmlns"] !== undefined) {
    return unparsed(`<${stanza.name}/> is not a stanza of the component's stream`);
  }
  const addressing = addressingFault(stanza, domain);
  if (addressing !== undefined) {
    return unparsed(addressing);
  }
  const { depth, length } = measureElement(stanza);
  if (depth > limits.depth) {
    return unparsed(`the stanza is nested deeper than ${limits.depth} elements`);
  }
  if (length > limits.outboundStanzaBytes) {
    return tooLarge(limits.outboundStanzaBytes);
  }
  const text = sanitizeText(stanza.toString());
  const bytes = Buffer.byteLength(text);
  return bytes > limits.outboundStanzaBytes ? tooLarge(limits.outboundStanzaBytes) : parsed({ text, bytes });
}

function addressingFault({ attrs }: Element, domain: string): string | undefined {
  const { from, to } = attrs;
  if (from === undefined || to === undefined) {
    return "the stanza has no from or no to";
  }
  const sender = parseJid(from);
  if (!sender.ok) {
    return `the sender ${JSON.stringify(from)} is not an XMPP address: ${sender.why}`;
  }
  if (sender.value.domain !== domain) {
    return `the sender ${from} is not in the domain ${domain}`;
  }
  const recipient = parseJid(to);
  return recipient.ok ? undefined : `the recipient ${JSON.stringify(to)} is not an XMPP address: ${recipient.why}`;
}

function tooLarge(limit: number): Parsed<PreparedStanza> {
  return unparsed(`the stanza is larger than ${limit} bytes`);
}

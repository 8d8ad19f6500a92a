import xml, { type Element } from "@xmpp/xml";
import { expect } from "chai";
import fc from "fast-check";
import { parse } from "ltx";
import { type ContentFromXmpp, contentFromXmpp } from "../../../gateway/mapping/from-xmpp.ts";
import type { ChatState } from "../../../gateway/mapping/instant-message.ts";
import { stanzaFromChatState, stanzaFromDisposition, stanzaFromIm } from "../../../gateway/mapping/to-xmpp.ts";
import { sanitizeText } from "../../../xmpp/xml-text.ts";

/** What the mapping looks for, and what looks like it; any name may come with any namespace, anywhere. */
const NAMES = [
  ...["message", "body", "subject", "thread", "active", "composing", "gone", "request", "received", "displayed"],
  ...["acknowledged", "markable", "replace", "reactions", "reaction", "apply-to", "retract", "encrypted", "payload"],
  ...["openpgp", "x", "url", "encryption", "sent", "result", "private", "forwarded", "delay", "origin-id"],
  ...["p:body", "p:received", ":body", "p:", "constructor", "__proto__", "toString"],
];
const NAMESPACES = [
  ...[undefined, "", "jabber:client", "jabber:component:accept", "http://jabber.org/protocol/chatstates"],
  ...["urn:xmpp:receipts", "urn:xmpp:chat-markers:0", "urn:xmpp:message-correct:0", "urn:xmpp:reactions:0"],
  ...["urn:xmpp:fasten:0", "urn:xmpp:message-retract:0", "urn:xmpp:message-retract:1", "urn:xmpp:eme:0"],
  ...["eu.siacs.conversations.axolotl", "urn:xmpp:omemo:2", "urn:xmpp:openpgp:0", "jabber:x:encrypted"],
  ...["jabber:x:oob", "urn:xmpp:carbons:2", "urn:xmpp:mam:2", "urn:xmpp:delay", "urn:xmpp:sid:0", "urn:example"],
];
const TYPES = [undefined, "", "chat", "normal", "headline", "groupchat", "nonsense"];

const text = fc.oneof(
  fc.constantFrom("", " ", "?OTR:AAMD.", "?OTRv23?", "https://example.com/", "👍", "i".repeat(255), "i".repeat(256)),
  fc.string({ unit: "binary", maxLength: 12 }).map(sanitizeText),
);

interface Node {
  readonly name: string;
  readonly attributes: Record<string, string | undefined>;
  readonly children: readonly (Node | string)[];
}

const { node } = fc.letrec<{ node: Node; child: Node | string }>((tie) => ({
  node: fc.record({
    name: fc.constantFrom(...NAMES),
    attributes: fc.record(
      {
        xmlns: fc.constantFrom(...NAMESPACES),
        "xmlns:p": fc.constantFrom(...NAMESPACES),
        id: text,
        "xml:lang": fc.constantFrom("", "de", "en\r\nX: y", "i".repeat(300)),
        ["__proto__"]: text,
      },
      { requiredKeys: [] },
    ),
    children: fc.array(tie("child"), { maxLength: 4 }),
  }),
  child: fc.oneof({ maxDepth: 4, depthSize: "small" }, text, tie("node")),
}));

const stanza = fc.record({
  type: fc.constantFrom(...TYPES),
  id: fc.option(text, { nil: undefined }),
  children: fc.array(node, { maxLength: 6 }),
});

function elementOf({ name, attributes, children }: Node): Element {
  return xml(name, attributes, ...children.map((child) => (typeof child === "string" ? child : elementOf(child))));
}

/** What must hold of any content, whatever came in. Plain conditions: an assertion library would take most of the time. */
function fault({ im, chatState, dispositions, encrypted }: ContentFromXmpp): string | undefined {
  if (dispositions.length > 16) return "too many dispositions";
  const ids = [...dispositions.map(({ messageId }) => messageId), im?.id, im?.messageId, im?.thread, im?.originId];
  if (ids.some((id) => id === "" || (id !== undefined && id.length > 255))) return "an id that names nothing";
  if (encrypted && im === undefined) return "encrypted, and nothing is told of it";
  if (im?.text === "" || im?.subject === "") return "an empty text";
  if (im?.language !== undefined && /[^A-Za-z0-9-]/.test(im.language)) return "a language that is no tag";
  if (im?.asks !== undefined && (im.asks.length === 0 || im.messageId === undefined || encrypted))
    return "asks in vain";
  return chatState === undefined || im !== undefined ? undefined : stateFault(chatState);
}

const ADDRESS = { from: { local: "a", domain: "sip.test" }, to: { local: "b", domain: "xmpp.test" }, id: "1" };

function stateFault(state: ChatState): string | undefined {
  const again = contentFromXmpp(parse(stanzaFromChatState(state, ADDRESS).toString()));
  return again.chatState === state ? undefined : `the state ${state} is not read again`;
}

/** What was read is written so that it is read again as the same. */
function roundTripFault({ im, dispositions }: ContentFromXmpp): string | undefined {
  if (im !== undefined && !im.text.startsWith("?OTR")) {
    const again = contentFromXmpp(parse(stanzaFromIm(im, ADDRESS).toString())).im;
    if (again?.text !== im.text || again.subject !== im.subject) return "another text or subject";
    if (again.thread !== im.thread || again.language !== im.language) return "another thread or language";
  }
  for (const disposition of dispositions) {
    const written = stanzaFromDisposition(disposition, ADDRESS)?.toString() ?? "";
    const [again] = contentFromXmpp(parse(written)).dispositions;
    if (again?.messageId !== disposition.messageId || again.outcome !== disposition.outcome)
      return "another disposition";
  }
  return undefined;
}

describe("contentFromXmpp on hostile stanzas never throws, and what it gives is well formed", function () {
  this.timeout(60_000); // a machine with other work, not an expectation

  it("20,000 random element trees", () => {
    const seen = { im: 0, encrypted: 0, dispositions: 0, chatState: 0 };
    fc.assert(
      fc.property(stanza, ({ type, id, children }) => {
        const content = contentFromXmpp(xml("message", { type, id }, ...children.map(elementOf)));
        const wrong = fault(content) ?? roundTripFault(content);
        if (wrong !== undefined) throw new Error(wrong);
        seen.im += content.im === undefined ? 0 : 1;
        seen.encrypted += content.encrypted ? 1 : 0;
        seen.dispositions += content.dispositions.length;
        seen.chatState += content.chatState === undefined ? 0 : 1;
      }),
      { numRuns: 20_000 },
    );
    for (const [what, count] of Object.entries(seen)) expect(count, what).to.be.greaterThan(50); // else it tests one branch
  });
});

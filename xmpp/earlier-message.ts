import type { Element } from "@xmpp/xml";
import { usableId } from "./message-ids.ts";

const CORRECTION_NAMESPACE = "urn:xmpp:message-correct:0";
const REACTIONS_NAMESPACE = "urn:xmpp:reactions:0";
const FASTENING_NAMESPACE = "urn:xmpp:fasten:0";
const RETRACTION_NAMESPACES = ["urn:xmpp:message-retract:1", "urn:xmpp:message-retract:0"] as const;

/** People choose one or two; the rest is not for reading. */
const MAX_REACTIONS = 20;
/** UTF-16 units of one: the longest emoji, a family of four with skin tones, has 19. */
const MAX_REACTION_LENGTH = 64;

/** True when the message takes the place of one sent before. XEP-0308 §3. */
export function isCorrection(stanza: Element): boolean {
  return namesMessage(stanza.getChild("replace", CORRECTION_NAMESPACE));
}

/** True when the message takes back one sent before. XEP-0424 §3; before version 0.4 it was fastened. */
export function isRetraction(stanza: Element): boolean {
  const fastenings = stanza.getChildren("apply-to", FASTENING_NAMESPACE);
  return RETRACTION_NAMESPACES.some(
    (namespace) =>
      namesMessage(stanza.getChild("retract", namespace)) ||
      fastenings.some((fastening) => namesMessage(fastening) && fastening.getChild("retract", namespace) !== undefined),
  );
}

/** All that the sender has to say of an earlier message now, each once; none when it takes them back. XEP-0444 §3. */
export function reactionsIn(stanza: Element): readonly string[] {
  const reactions = stanza.getChild("reactions", REACTIONS_NAMESPACE);
  if (reactions === undefined || !namesMessage(reactions)) return [];
  const texts = reactions.getChildren("reaction", REACTIONS_NAMESPACE).map((reaction) => reaction.text().trim());
  return [...new Set(texts.filter((text) => text !== "" && text.length <= MAX_REACTION_LENGTH))].slice(
    0,
    MAX_REACTIONS,
  );
}

function namesMessage(element: Element | undefined): boolean {
  return usableId(element?.attrs["id"]) !== undefined;
}

import type { Element } from "@xmpp/xml";
import { bodyOf } from "./message-text.ts";

/**
 * What end-to-end encryption makes of a message: `none`, `text` (something that a person wrote is encrypted; a body
 * beside it only says so) or `keys` (it brings keys for later messages and says nothing to a person).
 */
export type Encryption = "none" | "text" | "keys";

interface EncryptedForm {
  readonly name: string;
  readonly namespace: string;
  /** The child that holds what was written; without it the element carries keys alone. */
  readonly payload?: string;
}

// biome-ignore format: table
const ENCRYPTED_FORMS: readonly EncryptedForm[] = [
  { name: "encrypted", namespace: "eu.siacs.conversations.axolotl", payload: "payload" }, // XEP-0384 0.3, what most clients send
  { name: "encrypted", namespace: "urn:xmpp:omemo:1",               payload: "payload" }, // XEP-0384 0.7
  { name: "encrypted", namespace: "urn:xmpp:omemo:2",               payload: "payload" }, // XEP-0384 0.8
  { name: "openpgp",   namespace: "urn:xmpp:openpgp:0" },                                 // XEP-0373
  { name: "x",         namespace: "jabber:x:encrypted" },                                 // XEP-0027
];

/** XEP-0380 §3: names the method of what is encrypted, also one that nobody here knows. */
const EXPLICIT_ENCRYPTION_NAMESPACE = "urn:xmpp:eme:0";

/** XEP-0364: query, data, fragments of version 2 and 3, error; and no sentence about OTR. */
const OTR_BODY = /^\?OTR(?:[?:,|]|v\d*\?| Error:)/;

export function encryptionOf(stanza: Element): Encryption {
  const found = ENCRYPTED_FORMS.flatMap((form) =>
    stanza.getChildren(form.name, form.namespace).map((element) => holdsText(element, form)),
  );
  if (found.includes(true)) return "text";
  if (found.length > 0) return "keys";
  const named = stanza.getChild("encryption", EXPLICIT_ENCRYPTION_NAMESPACE) !== undefined;
  return named || OTR_BODY.test(bodyOf(stanza)?.text ?? "") ? "text" : "none";
}

function holdsText(element: Element, { payload, namespace }: EncryptedForm): boolean {
  return payload === undefined || element.getChild(payload, namespace) !== undefined;
}

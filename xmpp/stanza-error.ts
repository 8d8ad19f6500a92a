import type { Element } from "@xmpp/xml";
import xml from "@xmpp/xml";

export type StanzaErrorType = "auth" | "cancel" | "continue" | "modify" | "wait";

/** The defined conditions and the error type that goes with each. RFC 6120 §8.3.3. */
export const STANZA_ERROR_TYPE = {
  "bad-request": "modify",
  conflict: "cancel",
  "feature-not-implemented": "cancel",
  forbidden: "auth",
  gone: "cancel",
  "internal-server-error": "cancel",
  "item-not-found": "cancel",
  "jid-malformed": "modify",
  "not-acceptable": "modify",
  "not-allowed": "cancel",
  "not-authorized": "auth",
  "policy-violation": "modify",
  "recipient-unavailable": "wait",
  redirect: "modify",
  "registration-required": "auth",
  "remote-server-not-found": "cancel",
  "remote-server-timeout": "wait",
  "resource-constraint": "wait",
  "service-unavailable": "cancel",
  "subscription-required": "auth",
  "undefined-condition": "cancel",
  "unexpected-request": "wait",
} as const satisfies Record<string, StanzaErrorType>;

export type StanzaErrorCondition = keyof typeof STANZA_ERROR_TYPE;

export interface StanzaError {
  readonly condition: StanzaErrorCondition;
  readonly type: StanzaErrorType;
  readonly text?: string;
  /** The entity that found the error, when it is not the sender of the stanza. RFC 6120 §8.3.1. */
  readonly by?: string;
  /** The new address that comes with `gone` and `redirect`, a URI. RFC 6120 §8.3.3.5, §8.3.3.14. */
  readonly address?: string;
}

export type StanzaErrorDetails = Omit<StanzaError, "type"> & { readonly type?: StanzaErrorType };

export const STANZAS_NAMESPACE = "urn:ietf:params:xml:ns:xmpp-stanzas";

/**
 * The error that a stanza of type "error" carries; undefined for every other stanza. A condition that RFC 6120 does not
 * know, or none, is read as undefined-condition.
 */
export function parseStanzaError(stanza: Element): StanzaError | undefined {
  if (stanza.attrs["type"] !== "error") {
    return undefined;
  }
  const error = stanza.getChild("error");
  const named = error?.getChildElements().find((child) => child.name !== "text" && child.getNS() === STANZAS_NAMESPACE);
  const condition = isCondition(named?.name) ? named.name : "undefined-condition";
  const text = error?.getChildText("text", STANZAS_NAMESPACE);
  const by = error?.attrs["by"];
  const address = condition === "gone" || condition === "redirect" ? named?.getText().trim() : undefined;
  return {
    condition,
    type: isErrorType(error?.attrs["type"]) ? error.attrs["type"] : STANZA_ERROR_TYPE[condition],
    ...(text && { text }),
    ...(by && { by }),
    ...(address && { address }),
  };
}

/**
 * The error stanza that answers a stanza, without its payload. Undefined when there is nobody to answer, or when the
 * stanza is itself an answer: errors and results are never answered. RFC 6120 §8.3.1.
 */
export function errorReply(stanza: Element, details: StanzaErrorDetails): Element | undefined {
  const { id, from, to, type } = stanza.attrs;
  if (type === "error" || type === "result" || from === undefined) {
    return undefined;
  }
  const { condition, text, by, address } = details;
  return xml(
    stanza.name,
    { type: "error", id, from: to, to: from },
    xml(
      "error",
      { type: details.type ?? STANZA_ERROR_TYPE[condition], by },
      xml(condition, { xmlns: STANZAS_NAMESPACE }, address),
      text === undefined ? undefined : xml("text", { xmlns: STANZAS_NAMESPACE }, text),
    ),
  );
}

function isCondition(name: string | undefined): name is StanzaErrorCondition {
  return name !== undefined && Object.hasOwn(STANZA_ERROR_TYPE, name);
}

function isErrorType(type: string | undefined): type is StanzaErrorType {
  return type === "auth" || type === "cancel" || type === "continue" || type === "modify" || type === "wait";
}

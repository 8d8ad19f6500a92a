import type { Element } from "@xmpp/xml";
import type { RetryClass } from "./backoff.ts";

interface StreamErrorMeaning {
  /** The last stanzas that we sent may be the reason, so they are sent again one by one. */
  readonly blamesStanza: boolean;
  readonly retry: RetryClass;
}

const A_STANZA: StreamErrorMeaning = { blamesStanza: true, retry: "cut" };
const THE_SERVER: StreamErrorMeaning = { blamesStanza: false, retry: "cut" };
const THE_SETTINGS: StreamErrorMeaning = { blamesStanza: false, retry: "configuration" };

/** The defined stream errors and what each means for a component that was online. RFC 6120 §4.9.3. */
export const STREAM_ERRORS = {
  "bad-format": A_STANZA,
  "bad-namespace-prefix": A_STANZA,
  conflict: { blamesStanza: false, retry: "conflict" },
  "connection-timeout": THE_SERVER,
  "host-gone": THE_SETTINGS,
  "host-unknown": THE_SETTINGS,
  "improper-addressing": A_STANZA,
  "internal-server-error": A_STANZA,
  "invalid-from": A_STANZA,
  "invalid-namespace": A_STANZA,
  "invalid-xml": A_STANZA,
  "not-authorized": THE_SETTINGS,
  "not-well-formed": A_STANZA,
  "policy-violation": A_STANZA,
  "remote-connection-failed": THE_SERVER,
  reset: THE_SERVER,
  "resource-constraint": THE_SERVER,
  "restricted-xml": A_STANZA,
  "see-other-host": THE_SETTINGS,
  "system-shutdown": THE_SERVER,
  "undefined-condition": A_STANZA,
  "unsupported-encoding": A_STANZA,
  "unsupported-feature": A_STANZA,
  "unsupported-stanza-type": A_STANZA,
  "unsupported-version": THE_SETTINGS,
} as const satisfies Record<string, StreamErrorMeaning>;

export type StreamErrorCondition = keyof typeof STREAM_ERRORS;

export interface StreamError {
  readonly condition: StreamErrorCondition;
  readonly text: string | undefined;
}

const STREAMS_NAMESPACE = "urn:ietf:params:xml:ns:xmpp-streams";

/** Reads <stream:error/>; a condition that RFC 6120 does not know is undefined-condition. */
export function parseStreamError(element: Element): StreamError {
  const named = element
    .getChildElements()
    .find((child) => child.name !== "text" && child.getNS() === STREAMS_NAMESPACE);
  const condition =
    named !== undefined && Object.hasOwn(STREAM_ERRORS, named.name) ? named.name : "undefined-condition";
  return {
    condition: condition as StreamErrorCondition,
    text: element.getChildText("text", STREAMS_NAMESPACE) || undefined,
  };
}

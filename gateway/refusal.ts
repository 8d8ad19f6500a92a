import type { StanzaErrorCondition, StanzaErrorType } from "../xmpp/stanza-error.ts";
import type { SipFailure } from "./mapping/error.ts";

/** Why the gateway itself turns an IM down: told to a SIP sender by status and reason, to an XMPP sender by condition and text. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly sip: SipFailure;
  readonly condition: StanzaErrorCondition;
  readonly type?: StanzaErrorType;
  readonly text: string;
  readonly retryAfterSeconds?: number;
}

interface Row {
  readonly status: number;
  readonly condition: StanzaErrorCondition;
  readonly type?: StanzaErrorType;
  readonly text: string;
  readonly retryAfterSeconds?: number;
}

/** Every refusal of the gateway, in the words of both networks. The text is for people; `detail` is added behind it. */
// biome-ignore format: table
export const REFUSALS = {
  "im-disabled":      { status: 403, condition: "not-allowed",            text: "Instant messaging is switched off here" },
  "gateway-off":      { status: 403, condition: "not-allowed",            text: "Instant messaging between SIP and XMPP is switched off here" },
  "too-large":        { status: 413, condition: "policy-violation",       text: "The message is too large" },
  "bad-address":      { status: 400, condition: "jid-malformed",          text: "The address cannot be carried over to the other network" },
  "sips":             { status: 416, condition: "not-acceptable",         text: "A sips: address asks for TLS all the way, which cannot be promised here" },
  "not-served":       { status: 404, condition: "item-not-found",         text: "Nobody here answers for that address" },
  "unknown-user":     { status: 404, condition: "item-not-found",         text: "There is no such user" },
  "no-room":          { status: 404, condition: "service-unavailable",    text: "There is no room of that name" }, // RFC 6121 §8.5.2.1.1
  "not-registered":   { status: 480, condition: "recipient-unavailable",  text: "The user is not registered with any device" },
  "mailbox-full":     { status: 480, condition: "resource-constraint",    text: "The user is away and too many messages wait already" },
  "not-kept":         { status: 500, condition: "resource-constraint",    text: "The user is away and the message could not be kept" },
  "not-journaled":    { status: 500, condition: "resource-constraint",    text: "The message could not be kept while the XMPP server is away", retryAfterSeconds: 30 },
  "expired":          { status: 480, condition: "recipient-unavailable",  type: "cancel", text: "The user did not come back in time" },
  "encrypted":        { status: 406, condition: "not-acceptable",         text: "Encrypted messages cannot pass to SIP, send it without encryption" },
  "phone-reported":   { status: 480, condition: "recipient-unavailable",  type: "cancel", text: "The phone reports that it was not delivered" },
  "dropped":          { status: 480, condition: "recipient-unavailable",  type: "cancel", text: "The administrator has removed the message" },
  "overloaded":       { status: 503, condition: "resource-constraint",    text: "Too many messages are waiting", retryAfterSeconds: 30 },
  "stopping":         { status: 503, condition: "resource-constraint",    text: "The gateway is stopping", retryAfterSeconds: 5 },
  "not-carried":      { status: 406, condition: "not-acceptable",         text: "The XMPP server would not take the message" },
} as const satisfies Record<string, Row>;

export type RefusalCode = keyof typeof REFUSALS;

export function refusal(code: RefusalCode, detail?: string): Refusal {
  const row: Row = REFUSALS[code];
  const text = detail === undefined ? row.text : `${row.text}: ${detail}`;
  return {
    code,
    sip: { status: row.status, reason: text },
    condition: row.condition,
    text,
    ...(row.type === undefined ? {} : { type: row.type }),
    ...(row.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: row.retryAfterSeconds }),
  };
}

import type { OutgoingRequest } from "../../sip/engine.ts";
import type { HeaderField } from "../../sip/header-fields.ts";
import { latin1FromUtf8 } from "../../sip/text.ts";
import type { InstantMessage } from "./instant-message.ts";

export interface SipEnvelope {
  readonly from: string; // SIP URI of the XMPP user
  readonly to: string; // SIP URI of the AOR
  readonly callId: string; // fresh for each MESSAGE: phones drop a reused one as a duplicate
  readonly date: Date; // when the sender sent it
}

export type MessageRequest = Omit<OutgoingRequest, "uri" | "flow">;

/** Instant message -> MESSAGE, apart from where it goes. RFC 7572 §4. */
export function messageFromIm(im: InstantMessage, envelope: SipEnvelope): MessageRequest {
  const headers: HeaderField[] = [
    ["Date", envelope.date.toUTCString()],
    ["Content-Type", "text/plain;charset=UTF-8"],
  ];
  if (im.subject !== undefined) headers.push(["Subject", latin1FromUtf8(im.subject)]);
  if (im.language !== undefined) headers.push(["Content-Language", im.language]);
  return {
    method: "MESSAGE",
    from: `<${envelope.from}>`,
    to: `<${envelope.to}>`,
    callId: envelope.callId,
    headers,
    body: Buffer.from(im.text, "utf8"),
  };
}

import type { CSeq } from "./field-values.ts";
import type { Flow } from "./flow.ts";
import type { HeaderFields } from "./header-fields.ts";
import type { NameAddr } from "./name-addr.ts";
import type { Via } from "./via.ts";

/**
 * A parsed request. Text of the head is latin1 (one char is one byte), so nothing is lost; UTF-8 is decoded at the edge
 * with `utf8FromLatin1`. The fields that RFC 3261 §8.1.1 makes mandatory are parsed up front, all others on demand.
 */
export interface SipRequest {
  readonly kind: "request";
  readonly method: string;
  readonly uri: string; // as written
  readonly fields: HeaderFields;
  readonly via: Via; // topmost, with received and rport filled in from the flow (RFC 3261 §18.2.1, RFC 3581)
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly callId: string;
  readonly cseq: CSeq;
  readonly maxForwards: number | undefined;
  readonly body: Buffer;
  readonly flow: Flow; // where it came from
}

export interface SipResponse {
  readonly kind: "response";
  readonly status: number;
  readonly reason: string;
  readonly fields: HeaderFields;
  readonly via: Via;
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly callId: string;
  readonly cseq: CSeq;
  readonly body: Buffer;
  readonly flow: Flow;
}

export type SipMessage = SipRequest | SipResponse;

import { createHash } from "node:crypto";
import type { SipRequest } from "../message.ts";
import { detached } from "../text.ts";
import { MAGIC_COOKIE } from "./random-tokens.ts";

/** Real keys have 60 to 150 characters. A longer one is kept as its hash, so that a stranger cannot fill the table with text. */
const LONGEST_KEPT = 200;

/**
 * What makes two requests the same: branch, sent-by and method of an RFC 3261 client; for older ones the fields that
 * RFC 2543 went by (the To tag left out, since an ACK has one where its INVITE had none). An ACK counts as its INVITE.
 * RFC 3261 §17.2.3. The key is a text of its own, fit to be kept.
 */
export function serverTransactionKey(request: SipRequest, method: string = request.method): string {
  const { via } = request;
  const folded = method === "ACK" ? "INVITE" : method;
  const sentBy = `${via.host}:${via.port ?? ""}`;
  if (via.branch?.startsWith(MAGIC_COOKIE) === true) return kept(`${via.branch} ${sentBy} ${folded}`);
  const { callId, cseq, from, uri } = request;
  return kept(`${callId} ${cseq.number} ${from.tag ?? ""} ${uri} ${via.branch ?? ""} ${sentBy} ${folded}`);
}

function kept(key: string): string {
  return key.length > LONGEST_KEPT ? createHash("sha256").update(key, "latin1").digest("hex") : detached(key);
}

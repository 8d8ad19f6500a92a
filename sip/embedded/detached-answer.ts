import { detached } from "../text.ts";
import type { ServedAnswer } from "./server-transaction.ts";

/** An answer that keeps no message alive, or undefined where the status says all. */
export function detachedAnswer(answer: ServedAnswer | undefined): ServedAnswer | undefined {
  if (answer === undefined) return undefined;
  const { reason, headers = [], body, forwarded = false } = answer;
  if (reason === undefined && headers.length === 0 && body === undefined) return undefined;
  return {
    ...(reason === undefined ? {} : { reason: detached(reason) }),
    forwarded,
    headers: headers.map(([name, value]) => [name, detached(value)] as const),
    ...(body === undefined ? {} : { body: copyOf(body) }),
  };
}

/** Not from Node's shared slab, which a small buffer would keep alive. */
function copyOf(body: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(body.length);
  body.copy(copy);
  return copy;
}

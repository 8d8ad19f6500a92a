/**
 * A copy that shares no memory with another text. V8 keeps a slice as a pointer into the text that it was cut from, so
 * whoever keeps a part of a message for longer than the message keeps all of it, unless it keeps a copy.
 */
export function ownCopy(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}

import { contentLengthOf, headEnd } from "./framing.ts";
import type { ParseLimits } from "./parse.ts";

export type StreamEvent =
  | { readonly kind: "message"; readonly bytes: Buffer }
  /** A double CRLF between messages, to be answered by a single one. RFC 5626 §4.4.1. */
  | { readonly kind: "ping" }
  /** The end of this message cannot be found or waited for: answer it with the status, if it can be, and close. */
  | { readonly kind: "fault"; readonly status: 400 | 413 | 513; readonly why: string; readonly head: Buffer };

const PING = Buffer.from("\r\n\r\n");
const CR = 0x0d;
const LF = 0x0a;

/** An ordinary message without a body; the buffer doubles from here. */
const FIRST_BUFFER_BYTES = 2048;

const NOTHING = Buffer.alloc(0);

/**
 * Cuts a byte stream into messages by Content-Length, which streams must have (RFC 3261 §18.3, §20.14). Each byte is
 * looked at a bounded number of times, however small the chunks. The bytes of a message are never written to again.
 */
export class StreamFramer {
  readonly #limits: ParseLimits;
  /** Bytes of an unfinished message: the first `#filled` of the buffer. */
  #buffer = NOTHING;
  #filled = 0;
  /** No end of the head begins before this position. */
  #scanned = 0;
  /** Length of the unfinished message, once its head is there. */
  #wanted: number | undefined;
  /** How much of a ping has come. */
  #pinged = 0;
  #broken = false;

  constructor(limits: ParseLimits) {
    this.#limits = limits;
  }

  /** A message has begun and not ended. */
  get midMessage(): boolean {
    return this.#filled > 0;
  }

  push(chunk: Buffer): readonly StreamEvent[] {
    const events: StreamEvent[] = [];
    if (this.#broken) return events;
    let rest = this.#filled > 0 ? this.#append(chunk) : chunk;
    while (rest.length > 0) {
      if (this.#wanted === undefined && this.#scanned === 0) rest = this.#skipLineEnds(rest, events);
      const length = this.#wanted ?? this.#measure(rest, events);
      if (this.#broken) return events;
      if (length === undefined || rest.length < length) break;
      events.push({ kind: "message", bytes: rest.subarray(0, length) });
      this.#forget();
      rest = rest.subarray(length);
    }
    if (this.#filled === 0) this.#keep(rest);
    return events;
  }

  /** Appends to the unfinished message and gives it as it now stands. */
  #append(chunk: Buffer): Buffer {
    const filled = this.#filled + chunk.length;
    if (filled > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(filled, 2 * this.#buffer.length));
      this.#buffer.copy(grown, 0, 0, this.#filled);
      this.#buffer = grown;
    }
    chunk.copy(this.#buffer, this.#filled);
    this.#filled = filled;
    return this.#buffer.subarray(0, filled);
  }

  /** Keeps the beginning of a message in a buffer of its own, since the chunk belongs to the messages cut from it. */
  #keep(rest: Buffer): void {
    if (rest.length === 0) return;
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(rest.length, FIRST_BUFFER_BYTES));
    this.#filled = rest.copy(this.#buffer);
  }

  #forget(): void {
    this.#buffer = NOTHING;
    this.#filled = 0;
    this.#scanned = 0;
    this.#wanted = undefined;
  }

  /** Line ends between messages are passed over. RFC 3261 §7.5, RFC 5626 §4.4.1. */
  #skipLineEnds(bytes: Buffer, events: StreamEvent[]): Buffer {
    let at = 0;
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte !== CR && byte !== LF) break;
      if (byte === PING[this.#pinged]) this.#pinged += 1;
      else this.#pinged = byte === CR ? 1 : 0;
      if (this.#pinged < PING.length) continue;
      this.#pinged = 0;
      events.push({ kind: "ping" });
    }
    if (at < bytes.length) this.#pinged = 0;
    return bytes.subarray(at);
  }

  /** Length of the message that starts here; undefined while its head has not ended. */
  #measure(bytes: Buffer, events: StreamEvent[]): number | undefined {
    const { maxHeadBytes, maxBodyBytes } = this.#limits;
    const bodyStart = headEnd(bytes, this.#scanned);
    if (bodyStart > maxHeadBytes || (bodyStart === -1 && bytes.length > maxHeadBytes)) {
      return this.#fault(events, { status: 513, why: "the head is too large", head: wholeLines(bytes, maxHeadBytes) });
    }
    this.#scanned = Math.max(0, bytes.length - PING.length + 1);
    if (bodyStart === -1) return undefined;
    const head = bytes.subarray(0, bodyStart);
    const contentLength = contentLengthOf(head.toString("latin1"));
    if (!contentLength.ok) return this.#fault(events, { status: 400, why: contentLength.why, head });
    if (contentLength.value === undefined) {
      return this.#fault(events, { status: 400, why: "Content-Length is missing", head });
    }
    if (contentLength.value > maxBodyBytes) {
      return this.#fault(events, { status: 413, why: "the body is too large", head });
    }
    this.#wanted = bodyStart + contentLength.value;
    return this.#wanted;
  }

  #fault(events: StreamEvent[], fault: Omit<Extract<StreamEvent, { kind: "fault" }>, "kind">): undefined {
    this.#broken = true;
    this.#buffer = NOTHING;
    this.#filled = 0;
    events.push({ kind: "fault", ...fault });
  }
}

/** The lines that ended within the limit: the fields that an answer copies usually stand there. RFC 3261 §7.3.1. */
function wholeLines(bytes: Buffer, limit: number): Buffer {
  const end = bytes.lastIndexOf("\r\n", limit - 1 - PING.length, "latin1");
  return Buffer.concat([bytes.subarray(0, Math.max(0, end)), PING]);
}

import type { Element } from "@xmpp/xml";

export type LinkState = "stopped" | "connecting" | "online" | "waiting";

export interface LinkStatus {
  readonly state: LinkState;
  readonly domain: string;
  readonly server: string; // host:port
  readonly since: number; // ms since the epoch, when this state began
  /** Why the link is not online, in words for an administrator; undefined while online. */
  readonly problem: string | undefined;
  readonly queued: number; // stanzas not yet written
  readonly unconfirmed: number; // written, their barrier not yet answered
}

/**
 * What became of a stanza given to the outbox.
 * processed: the server answered a barrier written after it, so it and any error it caused have been seen.
 * refused (`busy`: the queue is full, another time it may go): it never left or it was set aside (too large, kills the link, outbox full, outside our domain); `why` is for people.
 * cancelled: the caller took it back, or the link was stopped, before it was written.
 */
export type Handover =
  | { readonly outcome: "processed" }
  | { readonly outcome: "refused"; readonly why: string; readonly busy?: boolean }
  | { readonly outcome: "cancelled" };

export interface SendOptions {
  /**
   * Called once with what became of the stanza, never synchronously; an error that the stanza caused has been given to
   * the stanza listeners before. Not called when the link is stopped between writing and the barrier's answer.
   */
  readonly settled?: (handover: Handover) => void;
}

export interface QueuedStanza {
  /** Takes it back if it has not been written yet; true when it has been taken back. */
  cancel(): boolean;
}

export type IqAnswer =
  | { readonly ok: true; readonly stanza: Element }
  | { readonly ok: false; readonly why: "error" | "timeout" | "disconnected" | "refused"; readonly stanza?: Element };

/** One XEP-0114 component connection, kept up for ever. Stanzas leave in the order of `send`. */
export interface XmppLink {
  readonly domain: string;
  status(): LinkStatus;
  start(): void;
  /** Writes what is queued, waits at most `graceMs` for the last barrier, closes the stream. */
  stop(graceMs?: number): Promise<void>;
  /** Queues a stanza whose `from` lies in our domain; while the link is down it waits for the reconnect. */
  send(stanza: Element, options?: SendOptions): QueuedStanza;
  /**
   * Sends a get or set, with an id of the link's own, and waits for the answer from that very address. "disconnected":
   * the link went down while it was under way; "refused": it could not be sent, as `send` says.
   */
  iq(request: Element, timeoutMs?: number): Promise<IqAnswer>;
  /** Message and presence stanzas, in order. IQ requests are answered by the link's own IQ table. */
  onStanza(listener: (stanza: Element) => void): void;
  onStatus(listener: (status: LinkStatus) => void): void;
}

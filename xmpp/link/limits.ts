/** What bounds a link. Lengths are in UTF-16 units, sizes in bytes. */
export interface LinkLimits {
  /** Prosody and ejabberd drop the whole stream of a component over a stanza larger than 512 KiB. */
  readonly outboundStanzaBytes: number;
  /** Twice what servers let through: a larger stanza is refused to its sender without being held in memory. */
  readonly inboundStanzaLength: number;
  /** Both servers survive it and no protocol needs more than about ten; deeper elements only hurt recursive code. */
  readonly depth: number;
  /** Stanzas on their way without the answer of a barrier: the most that a cut link can deliver twice. */
  readonly window: number;
  /** Bytes of the same, so that a few hundred large stanzas do not pile up in the socket. */
  readonly windowBytes: number;
  /** Stanzas between two barriers under load; at 32 barriers cost one stanza in 33. */
  readonly barrierEvery: number;
  /** Stanzas that wait while the server is away; about a minute of full load. */
  readonly queued: number;
  /** Bytes of the same: it must fit in memory beside everything else. */
  readonly queuedBytes: number;
  /** IQ requests waiting for their answer; each holds a timer. */
  readonly pendingRequests: number;
  /** From the first byte to the accepted handshake. */
  readonly handshakeWithinMs: number;
  /**
   * The longest silence after a barrier. A server that was only frozen goes on where it was, and what it writes to a stream
   * that was given up meanwhile is lost without a word; until then nothing is: stanzas wait in the outbox.
   */
  readonly answerWithinMs: number;
  /** An idle link is asked once in this time whether its server is still there. */
  readonly probeEveryMs: number;
}

export const DEFAULT_LIMITS: LinkLimits = {
  outboundStanzaBytes: 512 * 1024,
  inboundStanzaLength: 1024 * 1024,
  depth: 64,
  window: 256,
  windowBytes: 4 * 1024 * 1024,
  barrierEvery: 32,
  queued: 100_000,
  queuedBytes: 64 * 1024 * 1024,
  pendingRequests: 10_000,
  handshakeWithinMs: 10_000,
  answerWithinMs: 30_000,
  probeEveryMs: 30_000,
};

/** What a SIP user reads when something comes from XMPP that is not plain text; a phone shows nothing but text. */
export const NOTICES = {
  encrypted:
    "[An encrypted message came, which cannot pass to SIP. Please ask the sender to send it without encryption.]",
  retracted: "[The sender has withdrawn a message.]", // XEP-0424 §3: its fallback body speaks to XMPP clients
} as const;

/** A corrected text, marked as people do it by hand. XEP-0308. */
export function correctedText(text: string): string {
  return `* ${text}`;
}

/** XEP-0444, of a client that sends no fallback body. */
export function reactionsText(reactions: readonly string[]): string {
  return `reacted with ${reactions.join(" ")}`;
}

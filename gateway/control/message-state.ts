import { type Parsed, parsed, unparsed } from "../../sip/parsed.ts";
import { didYouMean } from "../nearest-name.ts";

/**
 * What an operator calls the state of an instant message. accepted: Parley answers for it. handed-over: it is being sent
 * at this moment. stored: it waits for its recipient to register. confirmed: delivered, its receipt is owed. failed,
 * expired: its sender is still to be told. set-aside: its sender has been told, or nobody could be.
 */
export type MessageState = (typeof MESSAGE_STATES)[number];

export const MESSAGE_STATES = [
  "accepted",
  "handed-over",
  "stored",
  "confirmed",
  "failed",
  "expired",
  "set-aside",
] as const;

/** The state as typed by an operator, or which one was probably meant. */
export function parseMessageState(text: string): Parsed<MessageState> {
  const state = MESSAGE_STATES.find((known) => known === text);
  if (state !== undefined) return parsed(state);
  return unparsed(`must be one of ${MESSAGE_STATES.join(", ")}${didYouMean(text, MESSAGE_STATES)}`);
}

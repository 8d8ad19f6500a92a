import type { Logger } from "pino";
import type { SipEngine } from "../../sip/engine.ts";
import type { Counters } from "../counters.ts";
import { sipFromAor } from "../mapping/address.ts";
import { messageFromIm } from "../mapping/to-sip.ts";
import type { Registrations } from "../registrations.ts";
import { forkToBindings } from "./fork.ts";

export interface Failure {
  readonly aor: string; // who is told
  readonly from: string; // SIP URI of the peer whom the IM did not reach
  readonly text: string;
  readonly callId: string;
  readonly at: Date;
}

export interface FailureMessageOptions {
  readonly engine: SipEngine;
  readonly registrations: Registrations;
  readonly counters: Counters;
  readonly log: Logger;
}

/**
 * Tells a SIP user, after the response has gone, that an IM was not delivered. Gives whether a phone took it; its failure
 * causes no other message.
 */
export async function sendFailureMessage(failure: Failure, options: FailureMessageOptions): Promise<boolean> {
  const { aor, from, text, callId, at } = failure;
  const message = messageFromIm({ text }, { from, to: sipFromAor(aor), callId, date: at });
  const outcome = await forkToBindings(options.engine, options.registrations.bindingsOf(aor), message);
  options.counters.add(outcome.delivered ? "failure-messages.sent" : "failure-messages.lost");
  if (outcome.delivered) options.log.info({ aor, callId }, "failure told to the sender");
  else options.log.error({ aor, callId, status: outcome.failure.status }, "failure could not be told to the sender");
  return outcome.delivered;
}

/** Characters of the failed IM that are repeated, so that its sender knows which one it was. */
const QUOTED_CHARACTERS = 60;

/** The beginning of a text in quotation marks, cut between characters as people count them. */
export function quoteOf(text: string): string {
  const characters = [...new Intl.Segmenter().segment(text.slice(0, QUOTED_CHARACTERS * 8))].map(
    (part) => part.segment,
  );
  const cut = characters.length > QUOTED_CHARACTERS;
  return `“${characters.slice(0, QUOTED_CHARACTERS).join("")}${cut ? "…" : ""}”`;
}

import type { SipEngine } from "../../sip/engine.ts";
import type { Binding } from "../../sip/registrar.ts";
import { sipFromAor } from "../mapping/address.ts";
import { messageFromIm } from "../mapping/to-sip.ts";
import { type Registrations, targetOf } from "../registrations.ts";
import { forkByPreference } from "./fork.ts";

/** The MESSAGE that tells a SIP user of IMs that were not delivered. */
export interface FailureMessage {
  readonly aor: string; // who is told
  readonly from: string; // SIP URI of the peer whom the IMs did not reach
  readonly text: string;
  readonly callId: string; // fresh for each attempt: phones drop a reused one as a duplicate
  readonly at: Date; // when the last of them failed
}

export interface FailureMessageOptions {
  readonly engine: SipEngine;
  readonly registrations: Registrations;
}

/** Timer F: a phone that is silent for longer will not answer. RFC 3261 §17.1.2.2. */
const ANSWER_WITHIN_MS = 32_000;

/** Nobody answers it with another. RFC 3834 §5. */
const AUTO_REPLIED = ["Auto-Submitted", "auto-replied"] as const;

/** Sends one to the phones of its AOR; true when a phone took it. Its own failure causes no other message. */
export async function sendFailureMessage(message: FailureMessage, options: FailureMessageOptions): Promise<boolean> {
  const { engine, registrations } = options;
  const { aor, from, text, callId, at } = message;
  const written = messageFromIm({ text }, { from, to: sipFromAor(aor), callId, date: at });
  const request = { ...written, headers: [...(written.headers ?? []), AUTO_REPLIED] };
  const send = async (binding: Binding, timeoutMs: number) => {
    const { status, reason } = await engine.request({ ...request, ...targetOf(binding), timeoutMs });
    return status < 300
      ? { delivered: true as const, at: binding.contact }
      : { delivered: false as const, failure: { status, reason } };
  };
  const outcome = await forkByPreference(registrations.bindingsOf(aor), ANSWER_WITHIN_MS, send);
  return outcome.delivered;
}

import type { SipEngine } from "../../sip/engine.ts";
import type { Binding } from "../../sip/registrar.ts";
import { parseJid } from "../../xmpp/jid.ts";
import type { XmppLink } from "../../xmpp/link/link.ts";
import type { Clock } from "../clock.ts";
import { sipFromAor } from "../mapping/address.ts";
import { messageFromIm } from "../mapping/to-sip.ts";
import { stanzaFromIm } from "../mapping/to-xmpp.ts";
import { type Registrations, targetOf } from "../registrations.ts";
import { forkByPreference } from "./fork.ts";
import { sendUntilTaken } from "./send-until-taken.ts";

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

/** The same to a person on the XMPP side, `aor` a bare JID and `from` a JID of ours; true when the server has it. */
export function sendFailureToPerson(
  { aor, from, text, callId: id }: FailureMessage,
  { linkOf, clock }: { readonly linkOf: (domain: string) => XmppLink | undefined; readonly clock: Clock },
): Promise<boolean> {
  const us = parseJid(from);
  const to = parseJid(aor);
  const link = us.ok ? linkOf(us.value.domain) : undefined;
  if (!us.ok || !to.ok || link === undefined) return Promise.resolve(false);
  const stanza = stanzaFromIm({ text }, { from: us.value, to: to.value, id });
  return new Promise((resolve) => sendUntilTaken(stanza, { link, clock, done: () => resolve(true) }));
}

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

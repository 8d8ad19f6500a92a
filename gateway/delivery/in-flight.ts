import type { Responder } from "../../sip/engine.ts";
import type { QueuedStanza, XmppLink } from "../../xmpp/link/link.ts";
import type { StanzaError } from "../../xmpp/stanza-error.ts";
import type { RefusalCode } from "../refusal.ts";
import type { AcceptedIm, JournalRow } from "./journal.ts";

export const NOT_QUEUED: QueuedStanza = { cancel: () => false };

/** One IM on its way to the XMPP server, from `send` to the answer of the barrier behind it. */
export interface InFlight {
  readonly accepted: AcceptedIm;
  readonly link: XmppLink;
  readonly conversation: string;
  readonly key: string;
  responder: Responder | undefined; // until the SIP sender has its final answer
  row: JournalRow | undefined; // from then on
  error: StanzaError | undefined; // that the IM brought about
  poison: string | undefined; // why the link set it aside
  takenBackFor: RefusalCode; // when it is
  cancelTimer: () => void;
  queued: QueuedStanza;
}

/** Where an IM comes from: an open SIP transaction, or the journal. */
export interface Origin {
  readonly responder?: Responder;
  readonly row?: JournalRow;
}

/** What an error stanza repeats of the stanza that it is about; NUL stands in none of the parts. */
export function keyOf({ id, aor, bareJid }: { id: string | undefined; aor: string; bareJid: string }): string {
  return `${id ?? ""}\0${aor}\0${bareJid}`;
}

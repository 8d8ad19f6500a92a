import type { Element } from "@xmpp/xml";
import type { XmppLink } from "../../xmpp/link/link.ts";
import type { Clock } from "../clock.ts";

export interface Sending {
  readonly link: XmppLink;
  readonly clock: Pick<Clock, "after">;
  /** The XMPP server has it, or never will. Not called when the link stops: its row is there at the next start. */
  readonly done: () => void;
}

/** A queue of 100,000 stanzas empties at some 10,000 a second once its link is up. */
const AGAIN_AFTER_MS = 5_000;

/** Sends what must not be lost because the queue of the link is full. */
export function sendUntilTaken(stanza: Element, sending: Sending): void {
  const { link, clock, done } = sending;
  link.send(stanza, {
    settled: (handover) => {
      const isBusy = handover.outcome === "refused" && handover.busy === true;
      if (isBusy) clock.after(AGAIN_AFTER_MS, () => sendUntilTaken(stanza, sending));
      else if (handover.outcome !== "cancelled") done();
    },
  });
}

import { parseJid } from "../../xmpp/jid.ts";
import type { Routing } from "../routing.ts";
import type { JournalRow } from "./journal.ts";

/** The AOR of the SIP user who sent an IM; undefined when it came from the XMPP side. */
export function sipSenderOf({ direction, accepted }: JournalRow, routing: Routing): string | undefined {
  if (direction === "to-xmpp") return accepted.aor;
  const jid = parseJid(accepted.jid);
  const aor = jid.ok ? routing.aorOfJid(jid.value) : jid;
  return aor.ok && routing.isLocalSip(aor.value) ? aor.value : undefined;
}

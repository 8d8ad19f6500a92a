import { bareOf, parseJid } from "../../xmpp/jid.ts";

/** The two people of a conversation: the SIP side's AOR and the other side's bare JID. */
export interface Pair {
  readonly aor: string;
  readonly jid: string;
}

/** The pair of an AOR and a JID with or without a resource. */
export function pairOf({ aor, jid }: { readonly aor: string; readonly jid: string }): Pair {
  const peer = parseJid(jid);
  return { aor, jid: peer.ok ? bareOf(peer.value) : jid };
}

/** One line for a pair, the same on every day: no space can stand in an AOR or a bare JID. */
export function keyOfPair({ aor, jid }: Pair): string {
  return `${aor} ${jid}`;
}

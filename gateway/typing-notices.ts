import { randomUUID } from "node:crypto";
import { parseJid } from "../xmpp/jid.ts";
import type { XmppLink } from "../xmpp/link/link.ts";
import type { Clock } from "./clock.ts";
import type { ConversationTable, Pair } from "./conversation/table.ts";
import { TypingTable } from "./conversation/typing.ts";
import type { Counters } from "./counters.ts";
import { anyPhoneUnderstands, type NotifyPhonesOptions, notifyPhones } from "./delivery/notify-phones.ts";
import { jidFromAor, sipFromAor, sipFromJid } from "./mapping/address.ts";
import type { ChatState, Composing } from "./mapping/instant-message.ts";
import { messageFromComposing } from "./mapping/to-sip.ts";
import { stanzaFromChatState } from "./mapping/to-xmpp.ts";
import type { Routing } from "./routing.ts";

export interface TypingNoticesOptions extends NotifyPhonesOptions {
  readonly linkOf: (domain: string) => XmppLink | undefined;
  readonly conversations: ConversationTable;
  readonly routing: Routing;
  readonly clock: Clock;
  readonly counters: Counters;
}

/** The typing table with its ways to both networks. Notices are never journaled: late ones say nothing. */
export function openTyping(options: TypingNoticesOptions): TypingTable {
  return new TypingTable({
    clock: options.clock,
    sendChatState: (pair, state) => sendChatState(options, pair, state),
    sendComposing: (pair, composing) => sendComposing(options, pair, composing),
    sipUnderstands: ({ aor }) => anyPhoneUnderstands(options, aor, "composing"),
    limitHit: () => options.counters.add("typing.limit-hit"),
  });
}

function sendChatState({ routing, conversations, linkOf }: TypingNoticesOptions, pair: Pair, state: ChatState): void {
  const from = jidFromAor(pair.aor, routing.domains);
  const conversation = conversations.of(pair);
  const to = parseJid(conversation?.xmppLock ?? pair.jid);
  const link = from.ok ? linkOf(from.value.domain) : undefined;
  if (!from.ok || !to.ok || link?.status().state !== "online") return;
  const thread = conversation?.thread === undefined ? {} : { thread: conversation.thread };
  link.send(stanzaFromChatState(state, { from: from.value, to: to.value, id: randomUUID() }, thread));
}

function sendComposing(options: TypingNoticesOptions, { aor, jid }: Pair, composing: Composing): void {
  const peer = parseJid(jid);
  const from = peer.ok ? sipFromJid(peer.value, options.routing.domains) : peer;
  if (!from.ok) return;
  const envelope = {
    from: from.value,
    to: sipFromAor(aor),
    callId: randomUUID(),
    date: new Date(options.clock.now()),
  };
  void notifyPhones(options, { aor, feature: "composing", message: messageFromComposing(composing, envelope) });
}

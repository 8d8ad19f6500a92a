import type { Store } from "../../store/port.ts";
import type { LinkStatus } from "../../xmpp/link/link.ts";
import type { Config } from "../config.ts";
import type { LiveParameters } from "../live-parameters.ts";
import type { MessageState } from "./message-state.ts";

/** The running gateway as the operations of an operator see it: no more than they need. */
export interface Appliance {
  readonly version: string;
  readonly startedAt: number; // ms since the epoch
  readonly now: () => number;
  readonly config: Config;
  readonly users: Store["users"];
  readonly parameters: LiveParameters;
  readonly conversations: ConversationsView;
  readonly messages: MessagesView;
  readonly registrations: RegistrationsView;
  readonly links: readonly { status(): LinkStatus }[];
  readonly listeners: readonly string[]; // "udp://127.0.0.1:5060", with the ports really taken
  readonly counters: { snapshot(): Readonly<Record<string, number>> };
}

interface ConversationsView {
  /** The most recently active first. */
  list(): readonly ConversationView[];
  find(id: string): ConversationView | undefined;
  /** Closes it now; false when there is none of that id. */
  expire(id: string): boolean;
}

/** The instant messages that Parley answers for. */
export interface MessagesView {
  /** The oldest first; `total` is the number of all that match. */
  list(filter: MessageListFilter): Promise<{ readonly total: number; readonly messages: readonly MessageView[] }>;
  show(id: string): Promise<MessageView | undefined>;
  /** Tries to deliver it now, also a stored one, or to tell its sender of its failure. Resolves when that has begun. */
  retry(id: string): Promise<RetryAnswer>;
  /** Gives it up; a sender who does not know yet is told. */
  drop(id: string): Promise<DropAnswer>;
  /** An account is gone: nothing waits for it any more, and nothing is to be told to it. Gives how many waited. */
  removeUser(aor: string): Promise<number>;
}

/** under-way: it is being sent. being-told: it has failed, and its sender does not know yet. */
export type NotNow = "not-found" | "under-way" | "being-told";

/** `why` is what it waits for when it is not `tried` now, for people. */
export type RetryAnswer =
  | { readonly outcome: "retried"; readonly tried: boolean; readonly why: string | undefined }
  | { readonly outcome: NotNow };

/** When the sender of a dropped IM is told: before it was dropped; not, for want of a phone; or nobody, of an automatic one. */
export type Told = "now" | "before" | "not" | "nobody";

export type DropAnswer = { readonly outcome: "dropped"; readonly told: Told } | { readonly outcome: NotNow };

/** What is absent does not limit. */
export interface MessageListFilter {
  readonly state?: MessageState | undefined;
  readonly aor?: string | undefined; // of the SIP user whom it is from or to, canonical
  readonly limit: number;
}

interface RegistrationsView {
  /** Bindings in force, of all users. */
  count(): number;
  bindingsOf(aor: string): readonly unknown[];
  /** Ends every binding of a user. */
  removeUser(aor: string): Promise<void>;
}

export interface ConversationView {
  readonly id: string;
  readonly aor: string;
  readonly jid: string;
  readonly thread?: string | undefined;
  readonly openedAt: number; // ms since the epoch
  readonly activeAt: number;
  readonly fromSip: number; // instant messages so far
  readonly fromXmpp: number;
  readonly sipLock?: string | undefined; // contact of the binding that the XMPP side's IMs go to
  readonly xmppLock?: string | undefined; // full JID that the SIP side's IMs go to
}

export interface MessageView {
  readonly id: string;
  readonly state: MessageState;
  readonly direction: "to-sip" | "to-xmpp";
  readonly from: string; // an address as people write it
  readonly to: string;
  readonly acceptedAt: number; // ms since the epoch
  readonly bytes: number; // of the text, in UTF-8
  readonly problem?: string | undefined; // why it is not delivered yet, or never was
  readonly stanzaId?: string | undefined;
  readonly callId?: string | undefined;
  readonly text?: string | undefined; // shown to an operator only when that is asked for
}

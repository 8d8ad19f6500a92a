import type { Store } from "../../store/port.ts";
import type { LinkStatus } from "../../xmpp/link/link.ts";
import type { Config } from "../config.ts";
import type { LiveParameters } from "../live-parameters.ts";

/** The running gateway as the operations of an operator see it: no more than they need. */
export interface Appliance {
  readonly version: string;
  readonly startedAt: number; // ms since the epoch
  readonly now: () => number;
  readonly config: Config;
  readonly users: Store["users"];
  readonly parameters: LiveParameters;
  readonly conversations: ConversationsView;
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
}

import type { Logger } from "pino";
import type { Store } from "../store/port.ts";
import { Accounts } from "./accounts.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import { ConversationTable } from "./conversation/table.ts";
import { Counters } from "./counters.ts";
import { Journal } from "./delivery/journal.ts";
import { LiveParameters } from "./live-parameters.ts";
import type { DomainMap } from "./mapping/address.ts";
import { PhoneFeatures } from "./phone-features.ts";
import { failureText } from "./policy/permission.ts";
import { Registrations } from "./registrations.ts";
import { Routing, servedBy } from "./routing.ts";

/** What the gateway knows, apart from the networks: read from the store at the start and written through to it. */
export interface State {
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  readonly domains: DomainMap;
  readonly routing: Routing;
  readonly parameters: LiveParameters;
  readonly accounts: Accounts;
  /** Without authentication there are no accounts, and any user of a local domain is believed. */
  readonly isKnown: (aor: string) => boolean;
  readonly registrations: Registrations;
  readonly features: PhoneFeatures;
  readonly conversations: ConversationTable;
  readonly journal: Journal;
  /** What a person reads about a failed IM. */
  readonly failureText: (detail: string) => string;
}

export interface StateOptions {
  readonly config: Config;
  readonly store: Store;
  readonly log: Logger;
}

export async function loadState({ config, store, log }: StateOptions): Promise<State> {
  const shared = { clock: systemClock, log, counters: new Counters() };
  const parameters = await LiveParameters.load({ store: store.parameters, now: systemClock.now, log });
  const accounts = await Accounts.load(store.users);
  const registrations = new Registrations({ ...shared, store: store.bindings });
  const conversations = new ConversationTable({
    ...shared,
    store: store.conversations,
    inactiveTimeoutSeconds: () => parameters.get("im-gateway.inactive-timeout"),
  });
  await registrations.start();
  await conversations.start();
  for (const row of conversations.list()) {
    const isThere = registrations.bindingsOf(row.aor).some(({ contact }) => contact === row.sipLock);
    if (!isThere) conversations.release(row, "sip", "its phone is not registered any more");
  }
  const features = new PhoneFeatures();
  registrations.onGone((aor, contact) => {
    conversations.onContactGone(aor, contact);
    features.forget(aor, contact);
  });
  const served = servedBy(config);
  return {
    ...shared,
    domains: served.domains,
    routing: new Routing(served),
    parameters,
    accounts,
    isKnown: (aor) => config.sip.authentication === "none" || accounts.has(aor),
    registrations,
    features,
    conversations,
    journal: new Journal({ ...shared, store: store.journal }),
    failureText: (detail) => failureText(parameters, detail),
  };
}

/** Ends the timers and writes what is not on disk yet. */
export async function closeState(state: State): Promise<void> {
  state.registrations.stop();
  await state.conversations.stop();
  await state.journal.close();
}

import type { Logger } from "pino";
import { ACCEPTED_ENCODINGS } from "../sip/content-coding.ts";
import { DigestAuthenticator } from "../sip/digest.ts";
import { EmbeddedSipEngine } from "../sip/embedded/engine.ts";
import type { Flow } from "../sip/flow.ts";
import { openStore } from "../store/open.ts";
import type { Store } from "../store/port.ts";
import { systemClock } from "./clock.ts";
import { formatListener } from "./config/values.ts";
import type { Config } from "./config.ts";
import { type ControlServer, startControlServer } from "./control/server.ts";
import { VERSION } from "./control/version.ts";
import type { TypingTable } from "./conversation/typing.ts";
import { Delivery } from "./delivery/delivery.ts";
import { DuplicateStanzas } from "./delivery/duplicates.ts";
import type { JournalRow } from "./delivery/journal.ts";
import { WaitingMessages } from "./delivery/waiting-messages.ts";
import { ACCEPTED_TYPES } from "./mapping/from-sip.ts";
import { IdentityPolicy } from "./policy/identity.ts";
import { registerHandler } from "./register.ts";
import { keptSecret } from "./secrets.ts";
import { SipMessages } from "./sip-messages.ts";
import { closeState, loadState, type State } from "./state.ts";
import { openTyping } from "./typing-notices.ts";
import { XmppMessages } from "./xmpp-messages.ts";
import { openXmppSide, type XmppSide } from "./xmpp-side.ts";

export interface GatewayOptions {
  readonly config: Config;
  readonly log: Logger;
  /** In place of the configured one. */
  readonly store?: Store;
}

export interface Gateway {
  /** The line that says that both sides are up. Pending for as long as the XMPP server is away. */
  readonly ready: Promise<string>;
  /** Answers new requests with 503, lets open ones finish, keeps the rest for the next start. */
  stop(): Promise<void>;
}

/** What is under way may take this long to finish: one IM held for its barrier, not a phone that never answers. */
const DRAIN_MS = 3_000;

/** What OPTIONS tells. RFC 3261 §11.2. */
const CAPABILITIES = [
  ["Allow", "MESSAGE, OPTIONS, REGISTER"],
  ["Accept", ACCEPTED_TYPES],
  ["Accept-Encoding", ACCEPTED_ENCODINGS],
  ["Supported", ""],
] as const;

/** The parts of a running gateway. */
interface House {
  readonly config: Config;
  readonly store: Store;
  readonly state: State;
  readonly engine: EmbeddedSipEngine;
  readonly xmpp: XmppSide;
  readonly identity: IdentityPolicy;
  readonly typing: TypingTable;
  readonly duplicates: DuplicateStanzas;
  readonly delivery: Delivery;
}

/** Builds the house and opens its doors. Rejects when the store, a listener or the control socket cannot be opened. */
export async function startGateway({ config, log, store: given }: GatewayOptions): Promise<Gateway> {
  const store = given ?? (await openStore(`${config.store.driver}:${config.store.file}`, log));
  const opened: (() => Promise<void>)[] = [() => store.close()];
  try {
    const state = await loadState({ config, store, log });
    opened.push(() => closeState(state));
    const xmpp = await openXmppSide({ config: config.xmpp, settings: store.settings, log });
    opened.push(() => xmpp.stop(0));
    const house = await furnish({ config, store, state, xmpp });
    dispatch(house);
    const waiting = await readJournal(house);
    await house.delivery.start();
    for (const row of waiting.toXmpp) house.delivery.resume(row);
    const listeners = (await house.engine.start()).map(listenerOf);
    opened.push(() => house.engine.stop(0));
    house.delivery.startTowardsSip();
    for (const row of [...waiting.toSip, ...waiting.untold]) house.delivery.resume(row);
    const control = await openControl(house, listeners);
    opened.push(() => control.close());
    xmpp.start();
    log.info({ listeners, version: VERSION }, "gateway started");
    return { ready: xmpp.online.then(() => readyLine(listeners, xmpp)), stop: () => stopGateway(house, control) };
  } catch (error) {
    for (const close of opened.reverse()) await close();
    throw error;
  }
}

async function furnish(parts: Pick<House, "config" | "store" | "state" | "xmpp">): Promise<House> {
  const { config, store, state, xmpp } = parts;
  const { listen, domains } = config.sip;
  const engine = new EmbeddedSipEngine({ listen, hosts: domains, clock: systemClock, log: state.log });
  const digest = new DigestAuthenticator({
    realms: config.sip.domains,
    secret: Buffer.from(await keptSecret(store.settings, "nonce-secret"), "hex"),
    clock: systemClock,
  });
  const identity = new IdentityPolicy({ ...state, authentication: config.sip.authentication, digest });
  const ways = { ...state, engine, linkOf: xmpp.linkOf };
  const typing = openTyping(ways);
  state.conversations.onClosed((conversation) => typing.closed(conversation));
  const duplicates = new DuplicateStanzas(state);
  const delivery = new Delivery({ ...ways, typing, duplicates, awaitedReceipts: store.awaitedReceipts });
  return { ...parts, engine, identity, typing, duplicates, delivery };
}

/** What comes in, and who answers for it. */
function dispatch({ state, engine, xmpp, ...house }: House): void {
  const rooms = { ...state, ...house, engine };
  const sipMessages = new SipMessages(rooms);
  const xmppMessages = new XmppMessages(rooms);
  engine
    .on("MESSAGE", (request, responder) => sipMessages.onMessage(request, responder), { mayPassOn: true })
    .on("REGISTER", registerHandler(rooms))
    .on("OPTIONS", (_request, responder) => responder.respond(200, { headers: CAPABILITIES }));
  engine.onFlowClosed((flow) => state.registrations.onFlowClosed(flow));
  for (const link of xmpp.links) {
    link.onStanza((stanza) => {
      if (stanza.is("message")) xmppMessages.onMessage(stanza);
      if (stanza.is("presence")) xmppMessages.onPresence(stanza);
    });
  }
}

/** What `status` shows beside the events: how full the bounded tables are. */
function gauges({ state, engine, delivery }: House): Record<string, number> {
  const sip = engine.counters();
  return {
    "journal.rows": state.journal.count,
    "offline.stored": delivery.stored,
    "sip.transactions": sip.serverTransactions,
    "sip.transactions-open": sip.openServerTransactions + sip.openClientTransactions,
    "sip.transactions-evicted": sip.evictedServerTransactions,
    "sip.messages-unreadable": sip.unreadMessages,
  };
}

function openControl(house: House, listeners: readonly string[]): Promise<ControlServer> {
  const { config, state, xmpp, delivery } = house;
  const appliance = {
    ...state,
    users: state.accounts,
    messages: new WaitingMessages({ ...state, delivery }),
    version: VERSION,
    startedAt: systemClock.now(),
    now: systemClock.now,
    config,
    links: xmpp.links,
    listeners,
    counters: { snapshot: () => ({ ...state.counters.snapshot(), ...gauges(house) }) },
  };
  return startControlServer({ path: config.control, log: state.log, appliance });
}

/**
 * What the last run had accepted. It goes before anything new: to XMPP before SIP is heard, to SIP before XMPP is. Who is
 * to be told of a failure can only be told when SIP is up.
 */
async function readJournal({ state }: House): Promise<Record<"toXmpp" | "toSip" | "untold", readonly JournalRow[]>> {
  const { rows, unreadable } = await state.journal.open();
  if (rows.length > 0) state.log.info({ rows: rows.length }, "journal of the last run taken up");
  if (unreadable.length > 0) state.log.error({ rows: unreadable }, "journal rows that cannot be read are left alone");
  return {
    toXmpp: rows.filter(({ direction, state }) => direction === "to-xmpp" && state === "accepted"),
    toSip: rows.filter(({ direction }) => direction === "to-sip"),
    untold: rows.filter(({ direction, state }) => direction === "to-xmpp" && state !== "accepted"),
  };
}

async function stopGateway(house: House, control: ControlServer): Promise<void> {
  const { state, engine, xmpp, typing, delivery, store } = house;
  state.log.info({ inFlight: delivery.inFlight }, "gateway stopping");
  typing.stop();
  await Promise.all([delivery.holdTowardsSip(), engine.stop(DRAIN_MS)]);
  delivery.holdTowardsXmpp();
  await xmpp.stop(DRAIN_MS);
  await control.close();
  await closeState(state);
  await store.close();
  state.log.info("gateway stopped");
}

function listenerOf(flow: Flow): string {
  return formatListener({ protocol: flow.protocol, ...flow.local });
}

function readyLine(listeners: readonly string[], xmpp: XmppSide): string {
  const links = xmpp.links.map((link) => {
    const { server, domain } = link.status();
    return `xmpp://${server} (${domain})`;
  });
  return ["ready", ...listeners, ...links].join(" ");
}

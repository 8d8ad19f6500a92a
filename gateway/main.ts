import type { Logger } from "pino";
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
import { type Failure, sendFailureMessage } from "./delivery/failure-message.ts";
import type { JournalRow } from "./delivery/journal.ts";
import { SipToXmpp } from "./delivery/sip-to-xmpp.ts";
import { XmppToSip } from "./delivery/xmpp-to-sip.ts";
import { ACCEPTED_TYPES } from "./mapping/from-sip.ts";
import { Messages } from "./messages.ts";
import { IdentityPolicy } from "./policy/identity.ts";
import { registerHandler } from "./register.ts";
import { keptSecret } from "./secrets.ts";
import { closeState, loadState, type State } from "./state.ts";
import { openXmppSide, type XmppSide } from "./xmpp-side.ts";

export interface GatewayOptions {
  readonly config: Config;
  readonly log: Logger;
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
  readonly sipToXmpp: SipToXmpp;
  readonly xmppToSip: XmppToSip;
}

/** Builds the house and opens its doors. Rejects when the store, a listener or the control socket cannot be opened. */
export async function startGateway({ config, log }: GatewayOptions): Promise<Gateway> {
  const store = await openStore(`${config.store.driver}:${config.store.file}`, log);
  const opened: (() => Promise<void>)[] = [() => store.close()];
  try {
    const state = await loadState({ config, store, log });
    opened.push(() => closeState(state));
    const xmpp = await openXmppSide({ config: config.xmpp, settings: store.settings, log });
    opened.push(() => xmpp.stop(0));
    const house = await furnish({ config, store, state, xmpp });
    dispatch(house);
    const waiting = await readJournal(house);
    for (const row of waiting.toXmpp) house.sipToXmpp.resume(row);
    const listeners = (await house.engine.start()).map(listenerOf);
    opened.push(() => house.engine.stop(0));
    for (const row of waiting.toSip) house.xmppToSip.resume(row);
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
  const tellSipUser = (failure: Failure) => sendFailureMessage(failure, ways);
  const sipToXmpp = new SipToXmpp({ ...ways, tellSipUser });
  return { ...parts, engine, identity, sipToXmpp, xmppToSip: new XmppToSip(ways) };
}

/** What comes in, and who answers for it. */
function dispatch({ config, state, engine, xmpp, identity, sipToXmpp, xmppToSip }: House): void {
  const anyoneIsLocal = config.sip.authentication === "none";
  const messages = new Messages({ ...state, engine, identity, anyoneIsLocal, sipToXmpp, xmppToSip });
  engine
    .on("MESSAGE", (request, responder) => messages.onSipMessage(request, responder), { mayPassOn: true })
    .on("REGISTER", registerHandler({ ...state, identity }))
    .on("OPTIONS", (_request, responder) => responder.respond(200, { headers: CAPABILITIES }));
  engine.onFlowClosed((flow) => state.registrations.onFlowClosed(flow));
  for (const link of xmpp.links) {
    link.onStanza((stanza) => {
      if (stanza.is("message")) messages.onStanza(stanza);
    });
  }
}

/** What `status` shows beside the events: how full the bounded tables are. */
function gauges({ journal }: State, engine: EmbeddedSipEngine): Record<string, number> {
  const sip = engine.counters();
  return {
    "journal.rows": journal.count,
    "sip.transactions": sip.serverTransactions,
    "sip.transactions-open": sip.openServerTransactions + sip.openClientTransactions,
    "sip.transactions-evicted": sip.evictedServerTransactions,
    "sip.messages-unreadable": sip.unreadMessages,
  };
}

function openControl({ config, state, xmpp, engine }: House, listeners: readonly string[]): Promise<ControlServer> {
  const appliance = {
    ...state,
    users: state.accounts,
    version: VERSION,
    startedAt: systemClock.now(),
    now: systemClock.now,
    config,
    links: xmpp.links,
    listeners,
    counters: { snapshot: () => ({ ...state.counters.snapshot(), ...gauges(state, engine) }) },
  };
  return startControlServer({ path: config.control, log: state.log, appliance });
}

/** What the last run had accepted. It goes before anything new: to XMPP before SIP is heard, to SIP before XMPP is. */
async function readJournal({ state }: House): Promise<Record<"toXmpp" | "toSip", readonly JournalRow[]>> {
  const { rows, unreadable } = await state.journal.open();
  if (rows.length > 0) state.log.info({ rows: rows.length }, "journal of the last run taken up");
  if (unreadable.length > 0) state.log.error({ rows: unreadable }, "journal rows that cannot be read are left alone");
  return {
    toXmpp: rows.filter(({ direction }) => direction === "to-xmpp"),
    toSip: rows.filter(({ direction }) => direction === "to-sip"),
  };
}

async function stopGateway(house: House, control: ControlServer): Promise<void> {
  const { state, engine, xmpp, sipToXmpp, xmppToSip, store } = house;
  state.log.info({ inFlight: sipToXmpp.inFlight + xmppToSip.underWay }, "gateway stopping");
  await Promise.all([xmppToSip.hold(), engine.stop(DRAIN_MS)]);
  sipToXmpp.hold();
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

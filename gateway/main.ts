import type { Logger } from "pino";
import { DigestAuthenticator } from "../sip/digest.ts";
import { EmbeddedSipEngine } from "../sip/embedded/engine.ts";
import type { Flow } from "../sip/flow.ts";
import { openStore } from "../store/open.ts";
import type { Store } from "../store/port.ts";
import { Accounts } from "./accounts.ts";
import { systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import { formatListener } from "./config/values.ts";
import { startControlServer } from "./control/server.ts";
import { ConversationTable } from "./conversation/table.ts";
import { Counters } from "./counters.ts";
import { type Failure, sendFailureMessage } from "./delivery/failure-message.ts";
import { Journal } from "./delivery/journal.ts";
import { SipToXmpp } from "./delivery/sip-to-xmpp.ts";
import { XmppToSip } from "./delivery/xmpp-to-sip.ts";
import { LiveParameters } from "./live-parameters.ts";
import { ACCEPTED_TYPES } from "./mapping/from-sip.ts";
import { Messages } from "./messages.ts";
import { IdentityPolicy } from "./policy/identity.ts";
import { failureText } from "./policy/permission.ts";
import { registerHandler } from "./register.ts";
import { Registrations } from "./registrations.ts";
import { Routing, servedBy } from "./routing.ts";
import { keptSecret } from "./secrets.ts";
import { VERSION } from "./version.ts";
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

/** Builds the house and opens its doors. Rejects when a listener, the store or the control socket cannot be opened. */
export async function startGateway({ config, log }: GatewayOptions): Promise<Gateway> {
  const store = await openStore(config.store);
  const closers: (() => Promise<void>)[] = [() => store.close()];
  try {
    return await furnish({ config, log, store, closers });
  } catch (error) {
    for (const close of closers.reverse()) await close();
    throw error;
  }
}

interface House extends GatewayOptions {
  readonly store: Store;
  /** How to undo what has been opened so far, in the order of opening. */
  readonly closers: (() => Promise<void>)[];
}

async function furnish({ config, log, store, closers }: House): Promise<Gateway> {
  const counters = new Counters();
  const startedAt = systemClock.now();
  const parameters = await LiveParameters.load({ store: store.parameters, now: systemClock.now, log });
  const accounts = await Accounts.load(store.users);
  const served = servedBy(config);
  const routing = new Routing(served);
  const shared = { clock: systemClock, log, counters };
  const registrations = new Registrations({ ...shared, store: store.bindings });
  const conversations = new ConversationTable({
    ...shared,
    store: store.conversations,
    inactiveTimeoutSeconds: () => parameters.get("im-gateway.inactive-timeout"),
  });
  const engine = new EmbeddedSipEngine({ listen: config.sip.listen, clock: systemClock, log });
  const identity = new IdentityPolicy({
    ...shared,
    authentication: config.sip.authentication,
    digest: new DigestAuthenticator({
      realms: config.sip.domains,
      secret: Buffer.from(await keptSecret(store.settings, "nonce-secret"), "hex"),
      clock: systemClock,
    }),
    accounts,
    routing,
  });

  await registrations.start();
  await conversations.start();
  const xmpp = await openXmppSide({ config: config.xmpp, settings: store.settings, log });
  closers.push(() => xmpp.stop(0));

  const journal = new Journal(store.journal, systemClock);
  const words = { domains: served.domains, failureText: (detail: string) => failureText(parameters, detail) };
  const ways = { ...shared, ...words, journal, linkOf: xmpp.linkOf, registrations, engine };
  const tellSipUser = (failure: Failure) => sendFailureMessage(failure, ways);
  const sipToXmpp = new SipToXmpp({ ...ways, tellSipUser });
  const xmppToSip = new XmppToSip(ways);
  const messages = new Messages({
    ...ways,
    identity,
    accounts,
    anyoneIsLocal: config.sip.authentication === "none",
    routing,
    parameters,
    conversations,
    sipToXmpp,
    xmppToSip,
  });

  // The dispatch table: what comes in, and who answers for it.
  engine
    .on("MESSAGE", (request, responder) => messages.onSipMessage(request, responder))
    .on("REGISTER", registerHandler({ ...shared, identity, registrations }))
    .on("OPTIONS", (_request, responder) => responder.respond(200, { headers: [["Accept", ACCEPTED_TYPES]] }));
  engine.onFlowClosed((flow) => registrations.onFlowClosed(flow));
  for (const link of xmpp.links) {
    link.onStanza((stanza) => {
      if (stanza.is("message")) messages.onStanza(stanza);
    });
  }

  const flows = await engine.start();
  closers.push(() => engine.stop(0));
  const listeners = flows.map(listenerOf);
  const control = await startControlServer({
    path: config.control,
    log,
    appliance: {
      version: VERSION,
      startedAt,
      now: systemClock.now,
      config,
      users: accounts,
      parameters,
      conversations,
      registrations,
      links: xmpp.links,
      listeners,
      counters,
    },
  });
  closers.push(() => control.close());
  await resumeJournal({ journal, sipToXmpp, xmppToSip, log });
  xmpp.start();
  log.info({ listeners, version: VERSION }, "gateway started");

  return {
    ready: xmpp.online.then(() => readyLine(listeners, xmpp)),
    stop: async () => {
      log.info({ inFlight: sipToXmpp.inFlight + xmppToSip.underWay }, "gateway stopping");
      const drained = xmppToSip.hold();
      await Promise.all([engine.stop(DRAIN_MS), drained]);
      await xmpp.stop(DRAIN_MS);
      await control.close();
      registrations.stop();
      await conversations.stop();
      await store.close();
      log.info("gateway stopped");
    },
  };
}

/** What the last run had accepted goes first, before anything new. */
async function resumeJournal(parts: {
  readonly journal: Journal;
  readonly sipToXmpp: SipToXmpp;
  readonly xmppToSip: XmppToSip;
  readonly log: Logger;
}): Promise<void> {
  const { rows, unreadable } = await parts.journal.open();
  for (const row of rows) {
    if (row.direction === "to-xmpp") parts.sipToXmpp.resume(row);
    else parts.xmppToSip.resume(row);
  }
  if (rows.length > 0) parts.log.info({ rows: rows.length }, "journal of the last run taken up");
  if (unreadable.length > 0) parts.log.error({ rows: unreadable }, "journal rows that cannot be read are left alone");
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

import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { SipEngine } from "../../sip/engine.ts";
import type { Store } from "../../store/port.ts";
import { type Jid, parseJid } from "../../xmpp/jid.ts";
import type { XmppLink } from "../../xmpp/link/link.ts";
import type { Clock } from "../clock.ts";
import { pairOf } from "../conversation/pair.ts";
import type { ConversationTable } from "../conversation/table.ts";
import type { TypingTable } from "../conversation/typing.ts";
import type { Counters } from "../counters.ts";
import type { LiveParameters } from "../live-parameters.ts";
import type { PhoneFeatures } from "../phone-features.ts";
import { type Refusal, refusal } from "../refusal.ts";
import type { Registrations } from "../registrations.ts";
import type { Routing } from "../routing.ts";
import type { DuplicateStanzas } from "./duplicates.ts";
import { type FailureMessage, sendFailureMessage, sendFailureToPerson } from "./failure-message.ts";
import { FailureTeller } from "./failure-teller.ts";
import type { AcceptedIm, Journal, JournalRow } from "./journal.ts";
import { notifyPhones } from "./notify-phones.ts";
import { Receipts } from "./receipts.ts";
import { becauseOfRefusal, SenderNotice } from "./sender-notice.ts";
import { SetAside } from "./set-aside.ts";
import { sipSenderOf } from "./sip-sender.ts";
import { SipToXmpp } from "./sip-to-xmpp.ts";
import { ToPhones } from "./to-phones.ts";
import { Untold } from "./untold.ts";
import { XmppToSip } from "./xmpp-to-sip.ts";

export interface DeliveryOptions {
  readonly engine: SipEngine;
  readonly linkOf: (domain: string) => XmppLink | undefined;
  readonly registrations: Registrations;
  readonly features: PhoneFeatures;
  readonly conversations: ConversationTable;
  readonly typing: TypingTable;
  readonly duplicates: DuplicateStanzas;
  readonly journal: Journal;
  readonly awaitedReceipts: Store["awaitedReceipts"];
  readonly parameters: LiveParameters;
  readonly routing: Routing;
  readonly isKnown: (aor: string) => boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  readonly failureText: (detail: string) => string;
}

/** The parameters that let waiting IMs go again. */
const OPENING = ["im.enabled", "im-gateway.status"];

/** Everything that answers for IMs once they are accepted: both directions, the store, receipts and failures. */
export class Delivery {
  readonly sipToXmpp: SipToXmpp;
  readonly xmppToSip: XmppToSip;
  readonly receipts: Receipts;
  readonly #options: DeliveryOptions;
  readonly #teller: FailureTeller;
  readonly #personTeller: FailureTeller;
  readonly #setAside: SetAside;
  readonly #untold: Untold;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    const { registrations, routing } = options;
    const shared = { ...options, domains: routing.domains };
    this.#teller = new FailureTeller({ ...options, send: (message) => sendFailureMessage(message, options) });
    const toPerson = (message: FailureMessage) => sendFailureToPerson(message, options);
    this.#personTeller = new FailureTeller({ ...options, send: toPerson });
    const isSipUser = (jid: Jid) => {
      const aor = routing.aorOfJid(jid);
      return aor.ok && routing.isLocalSip(aor.value);
    };
    const notice = new SenderNotice({
      ...shared,
      tellSipUser: (failure) => this.#teller.tell(failure),
      tellPerson: (failure) => this.#personTeller.tell(failure),
      isSipUser,
    });
    this.receipts = new Receipts({
      ...shared,
      store: options.awaitedReceipts,
      newId: randomUUID,
      sendToPhones: (aor, message, asker) => notifyPhones(options, { aor, feature: "imdn", asker, message }),
      onFailed: (im) => this.#onReportedFailure(notice, im),
    });
    this.#setAside = new SetAside(options);
    this.#untold = new Untold(options);
    const parts = { ...shared, receipts: this.receipts, notice, setAside: this.#setAside };
    const expectReceipt = (accepted: AcceptedIm, id: string) => this.receipts.expectFromSip(accepted, id);
    this.sipToXmpp = new SipToXmpp({
      ...parts,
      chatStateWith: (accepted) => (options.typing.understandsChatStates(pairOf(accepted)) ? "active" : undefined),
    });
    this.xmppToSip = new XmppToSip({
      ...parts,
      toPhones: new ToPhones({ ...shared, expectReceipt }),
      hasPhone: (aor) => registrations.bindingsOf(aor).length > 0,
      crosses: ({ accepted }) => {
        const peer = parseJid(accepted.jid);
        return !peer.ok || !isSipUser(peer.value);
      },
    });
  }

  /** Counts what waits; from here on a REGISTER wakes it. */
  async start(): Promise<void> {
    const { registrations, parameters } = this.#options;
    const { offline } = this.xmppToSip;
    await offline.start();
    await this.receipts.start();
    this.#setAside.start();
    this.#untold.start();
    registrations.onRegistered((aor) => {
      this.#teller.onRegistered(aor);
      this.receipts.onRegistered(aor);
      offline.serve(aor);
    });
    parameters.onChange((name) => {
      if (OPENING.includes(name)) offline.serveAll();
      if (name === "im.offline-expiry") offline.lookForExpired();
    });
  }

  /** IMs under way. */
  get inFlight(): number {
    return this.sipToXmpp.inFlight + this.xmppToSip.underWay;
  }

  /** IMs that wait for their recipients. */
  get stored(): number {
    return this.xmppToSip.offline.stored;
  }

  resume(row: JournalRow): void {
    if (row.direction === "to-xmpp") this.sipToXmpp.resume(row);
    else this.xmppToSip.resume(row);
  }

  /** Whether an IM of one SIP user to another must wait behind others, or for a phone. */
  mustWaitWithinSip(aor: string): boolean {
    return this.xmppToSip.offline.mustWaitWithinSip(aor);
  }

  refusalToKeepFor(aor: string): Refusal | undefined {
    return this.xmppToSip.offline.refusalFor(aor);
  }

  /** Stores an IM between two SIP users; false when it is not on disk. */
  keep(accepted: AcceptedIm): Promise<boolean> {
    return this.xmppToSip.store(accepted, "");
  }

  /** What no phone took so far is told again; false when its sender is on the XMPP side, where it waits for the link. */
  tellAgain(row: JournalRow): boolean {
    const aor = sipSenderOf(row, this.#options.routing);
    if (aor === undefined) return false;
    this.#teller.onRegistered(aor);
    return true;
  }

  /** The account is gone. */
  forgetUser(aor: string): void {
    this.#teller.forget(aor);
  }

  /** SIP is up: phones can be told of failures. */
  startTowardsSip(): void {
    this.#teller.start();
    this.#personTeller.start();
  }

  /** Begins nothing more towards phones; resolves when nothing is under way to them. */
  async holdTowardsSip(): Promise<void> {
    await this.xmppToSip.hold();
  }

  holdTowardsXmpp(): void {
    this.sipToXmpp.hold();
    this.#teller.stop();
    this.#personTeller.stop();
    this.receipts.stop();
    this.#setAside.stop();
    this.#untold.stop();
  }

  #onReportedFailure(notice: SenderNotice, im: Pick<AcceptedIm, "aor" | "jid" | "stanzaId">): void {
    const accepted: AcceptedIm = { ...im, im: { text: "" }, callId: "", acceptedAt: this.#options.clock.now() };
    this.#options.counters.add("im.to-sip.failed");
    notice.failed("to-sip", accepted, { because: becauseOfRefusal(refusal("phone-reported")), told: () => {} });
  }
}

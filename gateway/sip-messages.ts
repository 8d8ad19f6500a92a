import type { Logger } from "pino";
import type { Responder, SipEngine } from "../sip/engine.ts";
import type { SipRequest } from "../sip/message.ts";
import type { Binding } from "../sip/registrar.ts";
import { sanityCheck } from "../sip/sanity-check.ts";
import { latin1FromUtf8 } from "../sip/text.ts";
import { bareOf, formatJid, type Jid } from "../xmpp/jid.ts";
import type { Clock } from "./clock.ts";
import type { ConversationTable, Pair } from "./conversation/table.ts";
import type { TypingTable } from "./conversation/typing.ts";
import type { Counters } from "./counters.ts";
import type { Delivery } from "./delivery/delivery.ts";
import { MergedRequests } from "./delivery/duplicates.ts";
import type { AcceptedIm } from "./delivery/journal.ts";
import { StanzaIds } from "./delivery/stanza-ids.ts";
import type { LiveParameters } from "./live-parameters.ts";
import { jidFromAor } from "./mapping/address.ts";
import { type ContentFromSip, contentFromSip } from "./mapping/from-sip.ts";
import type { InstantMessage } from "./mapping/instant-message.ts";
import { deviceOf, type PhoneFeatures } from "./phone-features.ts";
import type { IdentityPolicy } from "./policy/identity.ts";
import { failureText, refusalOfIm } from "./policy/permission.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { type Registrations, targetOf } from "./registrations.ts";
import type { Routing } from "./routing.ts";

export interface SipMessagesOptions {
  readonly engine: SipEngine;
  readonly identity: IdentityPolicy;
  readonly isKnown: (aor: string) => boolean;
  readonly registrations: Registrations;
  readonly features: PhoneFeatures;
  readonly routing: Routing;
  readonly parameters: LiveParameters;
  readonly conversations: ConversationTable;
  readonly typing: TypingTable;
  readonly delivery: Delivery;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
}

/** A MESSAGE whose sender is proved, and the phone that it came from where that can be told. */
interface Incoming {
  readonly request: SipRequest;
  readonly responder: Responder;
  readonly aor: string; // of the sender
  readonly binding: Binding | undefined;
}

/** Phones that are silent for so long have gone: the IM is kept, and answered before its sender's own 32 s are over. */
const KEPT_AFTER_MS = 20_000;

/** Option tags that a MESSAGE to the XMPP side may require. RFC 3261 §8.2.2.3. */
const NO_EXTENSIONS: ReadonlySet<string> = new Set();

/** The way of a MESSAGE through the gateway: who is this, where to, may it, what does it say, then delivery. */
export class SipMessages {
  readonly #options: SipMessagesOptions;
  readonly #merged: MergedRequests;
  readonly #stanzaIds: StanzaIds;

  constructor(options: SipMessagesOptions) {
    this.#options = options;
    this.#merged = new MergedRequests(options);
    this.#stanzaIds = new StanzaIds(options);
  }

  /** The dispatch row for the SIP method MESSAGE. RFC 3428 §7. */
  async onMessage(request: SipRequest, responder: Responder): Promise<void> {
    const { identity, registrations, routing, counters, delivery } = this.#options;
    if (this.#merged.answersExactCopy(request, responder)) {
      counters.add("im.duplicates");
      return;
    }
    const sender = await identity.senderOf(request);
    if (!sender.ok) {
      responder.respond(sender.status, sender);
      return;
    }
    const { aor } = sender;
    const incoming = { request, responder, aor, binding: registrations.bindingOf(request, aor) };
    this.#learn(incoming);
    if (incoming.binding !== undefined) delivery.xmppToSip.offline.onHeard(aor);
    const route = routing.ofSipUri(request.uri);
    if (!route.ok) this.#refuse(incoming, route.refusal);
    else if (route.destination.kind === "sip-user") await this.#relay(route.destination.aor, incoming);
    else this.#cross(route.destination.jid, incoming);
  }

  /** SIP to SIP: proxied to every binding, the phones' answers go back; kept while there is none. RFC 3428 §6. */
  async #relay(to: string, incoming: Incoming): Promise<void> {
    const { registrations, counters, log, engine, delivery } = this.#options;
    const { request, responder } = incoming;
    const refused = refusalOfIm({ bytes: request.body.length, crossing: false }, this.#options.parameters);
    if (refused !== undefined) return this.#refuse(incoming, refused);
    if (!this.#options.isKnown(to)) return this.#refuse(incoming, refusal("unknown-user"));
    const content = this.#contentOf(request);
    const im = content.ok && content.kind === "im" ? content.im : undefined;
    if (im !== undefined && delivery.mustWaitWithinSip(to)) return this.#keepFor(to, im, incoming);
    const targets = registrations.bindingsOf(to).map(targetOf);
    if (targets.length === 0) return this.#refuse(incoming, refusal("not-registered"));
    const silence = im && { timeoutMs: KEPT_AFTER_MS, onSilence: () => void this.#keepFor(to, im, incoming) };
    const { status } = await engine.proxy(request, { responder, targets, ...silence });
    counters.add(status < 300 ? "im.sip-to-sip.delivered" : "im.sip-to-sip.failed");
    log.info({ callId: request.callId, to, status }, "message proxied");
  }

  /** 202 once it is on disk: a phone will have it, or its sender a failure message. RFC 3428 §7. */
  async #keepFor(to: string, im: InstantMessage, first: Incoming): Promise<void> {
    const { delivery, routing, clock } = this.#options;
    const incoming = this.#once(first);
    if (incoming === undefined) return;
    const { request, responder, aor } = incoming;
    const refused = delivery.refusalToKeepFor(to);
    if (refused !== undefined) return this.#refuse(incoming, refused);
    const jid = jidFromAor(aor, routing.domains);
    if (!jid.ok) return this.#refuse(incoming, refusal("bad-address", jid.why));
    const { callId } = request;
    const acceptedAt = clock.now();
    const accepted = { im, aor: to, jid: formatJid(jid.value), stanzaId: undefined, callId, acceptedAt };
    if (!(await delivery.keep(accepted))) return this.#refuse(incoming, refusal("not-kept"));
    responder.respond(202);
  }

  /** SIP to XMPP. */
  #cross(to: Jid, first: Incoming): void {
    const incoming = this.#once(first);
    if (incoming === undefined) return;
    const { request, responder } = incoming;
    const { parameters } = this.#options;
    const refused = refusalOfIm({ bytes: request.body.length, crossing: true }, parameters);
    if (refused !== undefined) {
      this.#refuse(incoming, refused);
      return;
    }
    const unsupported = sanityCheck(request, { supported: NO_EXTENSIONS });
    if (unsupported !== undefined) {
      responder.respond(unsupported.status, unsupported);
      return;
    }
    const content = this.#contentOf(request);
    const { binding } = incoming;
    if (binding !== undefined) this.#options.features.learnContent(incoming.aor, deviceOf(binding), content);
    if (!content.ok) this.#refuseContent(content, responder);
    else if (content.kind === "im") this.#deliver(content.im, to, incoming);
    else this.#onNotification(content, to, incoming);
  }

  #deliver(written: InstantMessage, to: Jid, { request, responder, aor, binding }: Incoming): void {
    const { conversations, typing, delivery, clock } = this.#options;
    const pair = { aor, jid: bareOf(to) };
    const heard = {
      callId: request.callId,
      ...(written.thread === undefined ? {} : { thread: written.thread }),
      ...(binding === undefined ? {} : { sipContact: binding.contact }),
    };
    const conversation = conversations.touch(pair, "sip", heard);
    typing.onImFromSip(pair);
    const { thread } = conversation;
    const accepted: AcceptedIm = {
      im: { ...written, ...this.#unspokenWish(written, binding), ...(thread === undefined ? {} : { thread }) },
      aor,
      jid: this.#resourceFor(to, conversation.xmppLock),
      stanzaId: this.#stanzaIds.idOf(request),
      callId: request.callId,
      acceptedAt: clock.now(),
      ...(binding === undefined ? {} : { device: deviceOf(binding) }),
    };
    delivery.sipToXmpp.deliver(accepted, conversation.id, responder);
  }

  /** To the resource that the sender names, else to the one that replied, else to the person. XEP-0296 §2. */
  #resourceFor(to: Jid, lock: string | undefined): string {
    const isLocked = this.#options.parameters.get("im.forking") === "until-reply";
    return to.resource === undefined && isLocked && lock !== undefined ? lock : formatJid(to);
  }

  /**
   * COMPAT(Linphone 5.1): outside CPIM it asks for nothing, sends IMDN all the same, and shows those that it gets: what
   * it gives it is given. test/scenarios/receipts.test.ts
   */
  #unspokenWish(im: InstantMessage, binding: Binding | undefined): Partial<InstantMessage> {
    const isCpim = im.messageId !== im.thread; // else both are the Call-ID
    if (im.asks !== undefined || isCpim || binding === undefined) return {};
    return this.#options.features.has(binding.aor, deviceOf(binding), "imdn")
      ? { asks: ["delivered", "displayed"] }
      : {};
  }

  /** Receipts and typing are answered 200 whatever becomes of them, so that nothing is ever said about them. */
  #onNotification(content: Extract<ContentFromSip, { ok: true }>, to: Jid, { aor, responder }: Incoming): void {
    const { delivery, typing, log } = this.#options;
    responder.respond(200);
    if (content.kind === "composing")
      typing.onComposingFromSip({ aor, jid: bareOf(to) } satisfies Pair, content.composing);
    if (content.kind !== "disposition") return;
    delivery.receipts
      .onDispositionFromSip(aor, to, content.disposition)
      .catch((error: unknown) => log.error({ err: error, aor }, "receipt not passed on"));
  }

  /** Undefined for a copy of a request that is here already; it will be answered like the first. RFC 3261 §8.2.2.2. */
  #once(incoming: Incoming): Incoming | undefined {
    const responder = this.#merged.join(incoming.request, incoming.responder);
    if (responder !== undefined) return { ...incoming, responder };
    this.#options.counters.add("im.duplicates");
    return undefined;
  }

  #contentOf(request: SipRequest): ContentFromSip {
    return contentFromSip({ request, maxBytes: this.#options.parameters.get("im.max-size") });
  }

  /** What a phone sends, or says that it takes, it understands. */
  #learn({ request, aor, binding }: Incoming): void {
    if (binding === undefined) return;
    const { features } = this.#options;
    features.learnAccept(aor, deviceOf(binding), request.fields.all("accept"));
    const type = request.fields.get("content-type");
    if (type !== undefined) features.learnAccept(aor, deviceOf(binding), [type]);
  }

  #refuse({ request, responder }: Incoming, why: Refusal): void {
    this.#options.counters.add("im.refused");
    this.#options.log.info({ callId: request.callId, refusal: why.code, status: why.sip.status }, "message refused");
    responder.respond(why.sip.status, {
      reason: latin1FromUtf8(failureText(this.#options.parameters, why.sip.reason)),
      ...(why.retryAfterSeconds === undefined ? {} : { headers: [["Retry-After", String(why.retryAfterSeconds)]] }),
    });
  }

  #refuseContent(unread: Extract<ContentFromSip, { ok: false }>, responder: Responder): void {
    this.#options.counters.add("im.refused");
    responder.respond(unread.status, {
      reason: latin1FromUtf8(failureText(this.#options.parameters, unread.why)),
      ...(unread.accept === undefined ? {} : { headers: [unread.accept] }),
    });
  }
}

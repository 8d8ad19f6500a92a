import { randomUUID } from "node:crypto";
import type { Element } from "@xmpp/xml";
import type { Logger } from "pino";
import type { Responder, SipEngine } from "../sip/engine.ts";
import type { SipRequest } from "../sip/message.ts";
import { sanityCheck } from "../sip/sanity-check.ts";
import { latin1FromUtf8 } from "../sip/text.ts";
import { bareOf, formatJid, type Jid, parseJid } from "../xmpp/jid.ts";
import type { Accounts } from "./accounts.ts";
import type { Clock } from "./clock.ts";
import type { ConversationTable } from "./conversation/table.ts";
import type { Counters } from "./counters.ts";
import type { AcceptedIm } from "./delivery/journal.ts";
import type { SipToXmpp } from "./delivery/sip-to-xmpp.ts";
import type { XmppToSip } from "./delivery/xmpp-to-sip.ts";
import type { LiveParameters } from "./live-parameters.ts";
import { ACCEPTED_TYPES, imFromSip } from "./mapping/from-sip.ts";
import { imFromXmpp } from "./mapping/from-xmpp.ts";
import type { InstantMessage } from "./mapping/instant-message.ts";
import type { IdentityPolicy } from "./policy/identity.ts";
import { failureText, refusalOfIm } from "./policy/permission.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { type Registrations, targetOf } from "./registrations.ts";
import type { Routing } from "./routing.ts";

export interface MessagesOptions {
  readonly engine: SipEngine;
  readonly identity: IdentityPolicy;
  readonly accounts: Accounts;
  readonly anyoneIsLocal: boolean; // without authentication there are no accounts
  readonly registrations: Registrations;
  readonly routing: Routing;
  readonly parameters: LiveParameters;
  readonly conversations: ConversationTable;
  readonly sipToXmpp: SipToXmpp;
  readonly xmppToSip: XmppToSip;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
}

interface StanzaRoute {
  readonly from: Jid;
  readonly to: Jid;
  readonly forRoom: boolean; // of type groupchat
}

/** Option tags that a MESSAGE to the XMPP side may require. RFC 3261 §8.2.2.3. */
const NO_EXTENSIONS: ReadonlySet<string> = new Set();

/** The way of an IM through the gateway, from either side: who is this, where to, may it, then delivery. */
export class Messages {
  readonly #options: MessagesOptions;

  constructor(options: MessagesOptions) {
    this.#options = options;
  }

  /** The dispatch row for the SIP method MESSAGE. RFC 3428 §7. */
  async onSipMessage(request: SipRequest, responder: Responder): Promise<void> {
    const sender = await this.#options.identity.senderOf(request);
    if (!sender.ok) {
      responder.respond(sender.status, sender);
      return;
    }
    const route = this.#options.routing.ofSipUri(request.uri);
    if (!route.ok) {
      this.#refuseSip(request, responder, route.refusal);
      return;
    }
    if (route.destination.kind === "sip-user") await this.#relay(route.destination.aor, request, responder);
    else this.#cross(sender.aor, route.destination.jid, request, responder);
  }

  /** The dispatch row for message stanzas. RFC 6121 §5. */
  onStanza(stanza: Element): void {
    const from = parseJid(stanza.attrs["from"] ?? "");
    const to = parseJid(stanza.attrs["to"] ?? "");
    if (!from.ok || !to.ok) {
      this.#options.log.info(
        { from: stanza.attrs["from"], to: stanza.attrs["to"] },
        "message with an unusable address dropped",
      );
      return;
    }
    if (stanza.attrs["type"] === "error") {
      this.#onError(stanza, from.value, to.value);
      return;
    }
    const im = imFromXmpp(stanza);
    if (im === undefined) return;
    const forRoom = stanza.attrs["type"] === "groupchat";
    this.#acceptFromXmpp(im, { from: from.value, to: to.value, forRoom });
  }

  /** A stranger may send one to anybody; it concerns only who could have sent the IM that it names. */
  #onError(stanza: Element, from: Jid, to: Jid): void {
    const aor = this.#options.routing.aorOfJid(to);
    if (aor.ok && this.#isKnown(aor.value)) this.#options.sipToXmpp.onError(stanza, from, to);
    else this.#options.log.debug({ from: stanza.attrs["from"], to: stanza.attrs["to"] }, "error to nobody dropped");
  }

  /** SIP to SIP: proxied to every binding, the phones' answers go back. RFC 3428 §6. */
  async #relay(aor: string, request: SipRequest, responder: Responder): Promise<void> {
    const { registrations, counters, log, engine } = this.#options;
    const refused = refusalOfIm({ bytes: request.body.length, crossing: false }, this.#options.parameters);
    if (refused !== undefined) {
      this.#refuseSip(request, responder, refused);
      return;
    }
    const bindings = registrations.bindingsOf(aor);
    if (bindings.length === 0) {
      this.#refuseSip(request, responder, refusal(this.#isKnown(aor) ? "not-registered" : "unknown-user"));
      return;
    }
    const targets = bindings.map(targetOf);
    const { status } = await engine.proxy(request, { responder, targets });
    counters.add(status < 300 ? "im.sip-to-sip.delivered" : "im.sip-to-sip.failed");
    log.info({ callId: request.callId, to: aor, status }, "message proxied");
  }

  /** SIP to XMPP. */
  #cross(aor: string, to: Jid, request: SipRequest, responder: Responder): void {
    const { parameters, conversations, sipToXmpp, clock } = this.#options;
    const refused = refusalOfIm({ bytes: request.body.length, crossing: true }, parameters);
    if (refused !== undefined) {
      this.#refuseSip(request, responder, refused);
      return;
    }
    const unsupported = sanityCheck(request, { supported: NO_EXTENSIONS });
    if (unsupported !== undefined) {
      responder.respond(unsupported.status, unsupported);
      return;
    }
    const content = imFromSip(request);
    if (!content.ok) {
      this.#options.counters.add("im.refused");
      responder.respond(content.status, {
        reason: latin1FromUtf8(failureText(parameters, content.why)),
        ...(content.status === 415 ? { headers: [["Accept", ACCEPTED_TYPES]] } : {}),
      });
      return;
    }
    const { im } = content;
    const heard = { callId: request.callId, ...(im.thread === undefined ? {} : { thread: im.thread }) };
    const conversation = conversations.touch({ aor, jid: bareOf(to) }, "sip", heard);
    const accepted: AcceptedIm = {
      im: { ...im, ...(conversation.thread === undefined ? {} : { thread: conversation.thread }) },
      aor,
      jid: formatJid(to),
      stanzaId: im.id,
      callId: request.callId,
      acceptedAt: clock.now(),
    };
    sipToXmpp.deliver(accepted, conversation, responder);
  }

  #acceptFromXmpp(im: InstantMessage, { from, to, forRoom }: StanzaRoute): void {
    const { routing, conversations, xmppToSip, clock } = this.#options;
    const aor = routing.aorOfJid(to);
    const accepted: AcceptedIm = {
      im,
      aor: aor.ok ? aor.value : to.domain,
      jid: formatJid(from),
      stanzaId: im.id,
      callId: randomUUID(),
      acceptedAt: clock.now(),
    };
    const refused = aor.ok ? this.#refusalFromXmpp(accepted, forRoom) : refusal("not-served", aor.why);
    if (refused !== undefined) {
      xmppToSip.refuse(accepted, refused);
      return;
    }
    const heard = im.thread === undefined ? {} : { thread: im.thread };
    const conversation = conversations.touch({ aor: accepted.aor, jid: bareOf(from) }, "xmpp", heard);
    xmppToSip.deliver(accepted, conversation.id);
  }

  #refusalFromXmpp({ im, aor }: AcceptedIm, forRoom: boolean): Refusal | undefined {
    if (forRoom) return refusal("no-room");
    const bytes = Buffer.byteLength(im.text, "utf8") + Buffer.byteLength(im.subject ?? "", "utf8");
    const refused = refusalOfIm({ bytes, crossing: true }, this.#options.parameters);
    return refused ?? (this.#isKnown(aor) ? undefined : refusal("unknown-user"));
  }

  #isKnown(aor: string): boolean {
    return this.#options.anyoneIsLocal || this.#options.accounts.has(aor);
  }

  #refuseSip(request: SipRequest, responder: Responder, why: Refusal): void {
    this.#options.counters.add("im.refused");
    this.#options.log.info({ callId: request.callId, refusal: why.code, status: why.sip.status }, "message refused");
    responder.respond(why.sip.status, {
      reason: latin1FromUtf8(failureText(this.#options.parameters, why.sip.reason)),
      ...(why.retryAfterSeconds === undefined ? {} : { headers: [["Retry-After", String(why.retryAfterSeconds)]] }),
    });
  }
}

import type { SipEngine } from "../../sip/engine.ts";
import type { SipResponse } from "../../sip/message.ts";
import { reasonPhrase } from "../../sip/reason-phrases.ts";
import type { Binding } from "../../sip/registrar.ts";
import { utf8FromLatin1 } from "../../sip/text.ts";
import { parseJid } from "../../xmpp/jid.ts";
import type { Clock } from "../clock.ts";
import { pairOf } from "../conversation/pair.ts";
import type { ConversationTable } from "../conversation/table.ts";
import type { LiveParameters } from "../live-parameters.ts";
import { type DomainMap, sipFromAor, sipFromJid } from "../mapping/address.ts";
import type { SipFailure } from "../mapping/error.ts";
import type { Asked } from "../mapping/instant-message.ts";
import { messageFromIm, messageOverheadBytes, type SipEnvelope } from "../mapping/to-sip.ts";
import { deviceOf, type PhoneFeature, type PhoneFeatures } from "../phone-features.ts";
import { type Registrations, targetOf } from "../registrations.ts";
import { bestOf } from "./fate.ts";
import { type BindingOutcome, forkByPreference, GLOBAL_FAILURE, TRY_OTHERS_AFTER_MS } from "./fork.ts";
import type { AcceptedIm } from "./journal.ts";
import { splitText } from "./split-text.ts";

/** A phone has taken the IM. */
export interface AtPhone {
  readonly contact: string;
  /** `now`: a 200 says so. `later`: it was asked for an IMDN. `never`: 202, somebody else will try. RFC 3428 §7. */
  readonly confirmed: "now" | "later" | "never";
}

export type PhonesOutcome =
  | { readonly delivered: true; readonly at: AtPhone }
  | { readonly delivered: false; readonly failure: SipFailure };

export interface ToPhonesOptions {
  readonly engine: SipEngine;
  readonly registrations: Registrations;
  readonly conversations: ConversationTable;
  readonly features: PhoneFeatures;
  readonly parameters: LiveParameters;
  readonly domains: DomainMap;
  readonly clock: Pick<Clock, "now">;
  /** Before an IM leaves that phones may report on under this id. */
  readonly expectReceipt: (accepted: AcceptedIm, messageId: string) => void;
}

/** What a request over UDP may measure in all. RFC 3261 §18.1.1. */
const DATAGRAM_BYTES = 1300;

/** Room for text in each part even when the addresses are as long as they may be. */
const LEAST_PART_BYTES = 200;

/** RFC 5438 §6.3. */
const DISPOSITION_ASKED: Readonly<Record<Asked, string>> = {
  delivered: "positive-delivery",
  failed: "negative-delivery",
  displayed: "display",
};

/** One IM to the phones of its recipient: which of them, in which form, in how many parts. */
export class ToPhones {
  readonly #options: ToPhonesOptions;

  constructor(options: ToPhonesOptions) {
    this.#options = options;
  }

  /** Undefined when the sender has no SIP address. */
  async send(accepted: AcceptedIm, timeoutMs: number): Promise<PhonesOutcome | undefined> {
    const envelope = this.#envelope(accepted);
    if (envelope === undefined) return undefined;
    const registered = this.#options.registrations.bindingsOf(accepted.aor);
    const bindings = oncePerDevice(registered);
    const send = (binding: Binding, waitMs: number) =>
      this.#toBinding(binding, { accepted, envelope, deadlineMs: this.#options.clock.now() + waitMs });
    const failures: SipFailure[] = [];
    const device = this.#lockedDevice(accepted, registered);
    const locked = bindings.find((binding) => deviceOf(binding) === device);
    const others = bindings.filter((binding) => binding !== locked);
    if (locked !== undefined) {
      const waitMs = others.length > 0 ? Math.min(timeoutMs, TRY_OTHERS_AFTER_MS) : timeoutMs;
      const outcome = await send(locked, waitMs);
      if (outcome.delivered) return outcome;
      this.#options.conversations.release(pairOf(accepted), "sip", "its phone failed");
      failures.push(outcome.failure);
      if (outcome.failure.status >= GLOBAL_FAILURE) return outcome;
    }
    const outcome = await forkByPreference(others, timeoutMs, send);
    if (outcome.delivered) return outcome;
    return { delivered: false, failure: bestOf([...failures, ...outcome.failures]) };
  }

  #envelope({ jid, aor, callId, acceptedAt, im }: AcceptedIm): Envelope | undefined {
    const peer = parseJid(jid);
    const from = peer.ok ? sipFromJid(peer.value, this.#options.domains) : peer;
    if (!from.ok) return undefined;
    const date = new Date(acceptedAt);
    return { from: from.value, to: sipFromAor(aor), callId, date, messageId: im.messageId ?? callId };
  }

  /** The phone that replied last, while it is registered. */
  #lockedDevice(accepted: AcceptedIm, registered: readonly Binding[]): string | undefined {
    if (this.#options.parameters.get("im.forking") === "all") return undefined;
    const lock = this.#options.conversations.of(pairOf(accepted))?.sipLock;
    const locked = registered.find(({ contact }) => contact === lock);
    return locked && deviceOf(locked);
  }

  async #toBinding(binding: Binding, leg: Leg): Promise<BindingOutcome<AtPhone>> {
    const { features } = this.#options;
    const { aor, contact } = binding;
    let sent: Sent | "late" = await this.#inOne(binding, leg);
    if (sent.response.status === 415) {
      features.learnAccept(aor, deviceOf(binding), sent.response.fields.all("accept"));
      if (sent.asCpim) {
        features.unlearn(aor, deviceOf(binding), "cpim");
        sent = await this.#inOne(binding, leg);
      }
    }
    if (sent.response.status === 513 && isMadeHere(sent.response)) sent = await this.#inParts(binding, leg);
    if (sent === "late") return { delivered: false, failure: LATE };
    const { status } = sent.response;
    if (status >= 300) return { delivered: false, failure: failureOf(sent.response) };
    const confirmed = sent.imdnAsked ? "later" : status === 200 ? "now" : "never";
    return { delivered: true, at: { contact, confirmed } };
  }

  async #inOne(binding: Binding, { accepted, envelope, deadlineMs }: Leg): Promise<Sent> {
    const { features, expectReceipt, engine, clock } = this.#options;
    const { im } = accepted;
    const asks = im.asks ?? [];
    const understands = (feature: PhoneFeature) => features.has(binding.aor, deviceOf(binding), feature);
    const asCpim = understands("cpim");
    const imdnAsked = asCpim && asks.length > 0 && understands("imdn");
    if (imdnAsked || asks.includes("displayed")) expectReceipt(accepted, envelope.messageId);
    const form = asCpim ? { ...envelope, cpim: { dispositions: imdnAsked ? dispositionsFor(asks) : [] } } : envelope;
    const message = messageFromIm(im, form);
    const timeoutMs = Math.max(1, deadlineMs - clock.now());
    const response = await engine.request({ ...message, ...targetOf(binding), timeoutMs, neverFragmented: true });
    return { response, asCpim, imdnAsked };
  }

  /**
   * A phone that is only reached by datagrams has a long text in numbered parts, as plain text, one after the other. All of
   * them have the time of one IM: others of the conversation wait behind it.
   */
  async #inParts(binding: Binding, { accepted, envelope, deadlineMs }: Leg): Promise<Sent | "late"> {
    const { engine, clock } = this.#options;
    const { im, callId } = accepted;
    const target = targetOf(binding);
    const overhead = messageOverheadBytes(messageFromIm(im, envelope), target.uri);
    const parts = splitText(im.text, Math.max(LEAST_PART_BYTES, DATAGRAM_BYTES - overhead));
    for (const [index, text] of parts.entries()) {
      const isLast = index === parts.length - 1;
      const part = messageFromIm({ ...im, text }, { ...envelope, callId: isLast ? callId : `${callId}-${index + 1}` });
      const timeoutMs = deadlineMs - clock.now();
      if (timeoutMs <= 0) return "late";
      const response = await engine.request({ ...part, ...target, timeoutMs });
      if (isLast || response.status >= 300) return { response, asCpim: false, imdnAsked: false };
    }
    throw new RangeError("a text has at least one part");
  }
}

type Envelope = SipEnvelope & { readonly messageId: string };

/** One IM on its way to one phone. */
interface Leg {
  readonly accepted: AcceptedIm;
  readonly envelope: Envelope;
  readonly deadlineMs: number; // of all that is sent to the phone, ms since the epoch
}

interface Sent {
  readonly response: SipResponse;
  readonly asCpim: boolean;
  readonly imdnAsked: boolean;
}

/** A phone has answered, and too slowly for the number of parts. */
const LATE: SipFailure = { status: 408, reason: reasonPhrase(408), cause: "not all parts were taken in time" };

/** A failure is worth knowing when anything is. */
function dispositionsFor(asks: readonly Asked[]): readonly string[] {
  const wanted = asks.length === 0 ? [] : [...new Set<Asked>([...asks, "failed"])];
  return wanted.map((asked) => DISPOSITION_ASKED[asked]);
}

/** A device that has registered a stream beside its datagrams is reached once, over the stream. RFC 5626 §5.3. */
function oncePerDevice(bindings: readonly Binding[]): readonly Binding[] {
  const overStream = bindings.filter(({ flow, instance }) => flow.protocol !== "udp" && instance !== undefined);
  const instances = new Set(overStream.map(({ instance }) => instance));
  return bindings.filter(({ flow, instance }) => flow.protocol !== "udp" || !instances.has(instance));
}

function failureOf(response: SipResponse): SipFailure {
  const contact = response.fields.get("contact");
  const { status } = response;
  const said = utf8FromLatin1(response.reason);
  return {
    status,
    ...(isMadeHere(response) ? { reason: reasonPhrase(status), cause: said } : { reason: said }),
    ...(contact === undefined ? {} : { contact }),
  };
}

/** The engine's own answer for a timeout or a failed transport came over no Via; its reason may name a phone's address. */
function isMadeHere(response: SipResponse): boolean {
  return response.via.branch === undefined;
}

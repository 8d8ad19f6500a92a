import type { Logger } from "pino";
import type { SipEngine } from "../../sip/engine.ts";
import type { Binding } from "../../sip/registrar.ts";
import type { MessageRequest } from "../mapping/to-sip.ts";
import type { PhoneFeature, PhoneFeatures } from "../phone-features.ts";
import { type Registrations, targetOf } from "../registrations.ts";

export interface NotifyPhonesOptions {
  readonly engine: SipEngine;
  readonly registrations: Registrations;
  readonly features: PhoneFeatures;
  readonly log: Logger;
}

export interface Notification {
  readonly aor: string;
  readonly feature: PhoneFeature; // that a phone must have shown
  readonly asker?: string | undefined; // a device that has asked for it, and so understands it, before a restart too
  readonly message: MessageRequest;
}

/** A receipt or a typing notice that comes later than this says nothing any more. */
const ANSWER_WITHIN_MS = 5_000;

/** Whether one phone of the user would understand it. */
export function anyPhoneUnderstands(
  { registrations, features }: NotifyPhonesOptions,
  aor: string,
  feature: PhoneFeature,
) {
  return registrations.bindingsOf(aor).some(({ contact }) => features.has(aor, contact, feature));
}

/** Sends it to the phones that understand it. A phone that answers 415 does not, and nothing else comes of an answer. */
export function notifyPhones(options: NotifyPhonesOptions, { aor, feature, asker, message }: Notification): void {
  const { engine, registrations, features, log } = options;
  for (const binding of registrations.bindingsOf(aor)) {
    const { contact } = binding;
    if (deviceOf(binding) !== asker && !features.has(aor, contact, feature)) continue;
    void engine.request({ ...message, ...targetOf(binding), timeoutMs: ANSWER_WITHIN_MS }).then(({ status }) => {
      if (status === 415) features.unlearn(aor, contact, feature);
      log.debug({ aor, feature, status }, "notification sent to a phone");
    });
  }
}

/** What stays the same when a phone registers over a new connection, where it tells it. RFC 5626 §4.1. */
export function deviceOf({ instance, contact }: Binding): string {
  return instance ?? contact;
}

import type { Logger } from "pino";
import type { SipEngine } from "../../sip/engine.ts";
import type { MessageRequest } from "../mapping/to-sip.ts";
import { deviceOf, type PhoneFeature, type PhoneFeatures } from "../phone-features.ts";
import { type Registrations, targetOf } from "../registrations.ts";
import { fateOf } from "./fate.ts";

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
  return registrations.bindingsOf(aor).some((binding) => features.has(aor, deviceOf(binding), feature));
}

/**
 * Sends it to the phones that understand it; gives whether one of them answered at all. A phone that answers 415 does not
 * understand it, and nothing else comes of an answer.
 */
export async function notifyPhones(options: NotifyPhonesOptions, notification: Notification): Promise<boolean> {
  const { engine, registrations, features, log } = options;
  const { aor, feature, asker, message } = notification;
  const understand = registrations.bindingsOf(aor).filter((binding) => {
    return deviceOf(binding) === asker || features.has(aor, deviceOf(binding), feature);
  });
  const answers = understand.map(async (binding) => {
    const { status } = await engine.request({ ...message, ...targetOf(binding), timeoutMs: ANSWER_WITHIN_MS });
    if (status === 415) features.unlearn(aor, deviceOf(binding), feature);
    log.debug({ aor, feature, status }, "notification sent to a phone");
    return fateOf(status) !== "unreachable";
  });
  return (await Promise.all(answers)).includes(true);
}

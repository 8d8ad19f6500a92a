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
  readonly asker?: string | undefined; // the device that has asked for it, and so understands it, before a restart too
  readonly message: MessageRequest;
}

/**
 * told: the phone that it is for has answered. away: that phone, or where none has asked every phone, could not be
 * reached. not-understood: phones are there, none of which would know what to do with it.
 */
export type NotificationOutcome = "told" | "away" | "not-understood";

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
 * Sends it to the phone that asked, else to all that understand it. A phone that answers 415 does not understand it, and
 * nothing else comes of an answer.
 */
export async function notifyPhones(
  options: NotifyPhonesOptions,
  notification: Notification,
): Promise<NotificationOutcome> {
  const { engine, registrations, features, log } = options;
  const { aor, feature, asker, message } = notification;
  const phones = registrations.bindingsOf(aor);
  const asking = phones.filter((binding) => deviceOf(binding) === asker);
  const understand = phones.filter((binding) => features.has(aor, deviceOf(binding), feature));
  const answers = (asking.length > 0 ? asking : understand).map(async (binding) => {
    const { status } = await engine.request({ ...message, ...targetOf(binding), timeoutMs: ANSWER_WITHIN_MS });
    if (status === 415) features.unlearn(aor, deviceOf(binding), feature);
    log.debug({ aor, feature, status }, "notification sent to a phone");
    return fateOf(status) !== "unreachable";
  });
  const isAnswered = (await Promise.all(answers)).includes(true);
  if (asker !== undefined && asking.length === 0) return "away";
  if (isAnswered) return "told";
  return answers.length === 0 && phones.length > 0 ? "not-understood" : "away";
}

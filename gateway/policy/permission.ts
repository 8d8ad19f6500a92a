import type { LiveParameters } from "../live-parameters.ts";
import { type Refusal, refusal } from "../refusal.ts";

export interface ImFacts {
  readonly bytes: number; // of the body of a MESSAGE; of subject and text of a stanza, in UTF-8
  readonly crossing: boolean; // between SIP and XMPP, not within one side
}

/** Whether an IM may pass under the service parameters as they are at this moment. */
export function refusalOfIm(facts: ImFacts, parameters: LiveParameters): Refusal | undefined {
  if (parameters.get("im.enabled") === "off") return refusal("im-disabled");
  if (facts.crossing && parameters.get("im-gateway.status") === "off") return refusal("gateway-off");
  const limit = parameters.get("im.max-size");
  if (facts.bytes > limit) return refusal("too-large", `${facts.bytes} bytes, at most ${limit} bytes can be sent`);
  return undefined;
}

/** What a person reads about a failed IM: the configured text, then what it was. */
export function failureText(parameters: LiveParameters, detail: string): string {
  return `${parameters.get("im-gateway.error-message")} ${detail}`;
}

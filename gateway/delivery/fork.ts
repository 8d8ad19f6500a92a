import type { SipEngine } from "../../sip/engine.ts";
import type { SipResponse } from "../../sip/message.ts";
import { reasonPhrase } from "../../sip/reason-phrases.ts";
import type { Binding } from "../../sip/registrar.ts";
import { utf8FromLatin1 } from "../../sip/text.ts";
import type { SipFailure } from "../mapping/error.ts";
import type { MessageRequest } from "../mapping/to-sip.ts";
import { targetOf } from "../registrations.ts";

export type ForkOutcome =
  | { readonly delivered: true; readonly contact: string }
  | { readonly delivered: false; readonly failure: SipFailure };

const NO_BINDING: SipFailure = { status: 480, reason: "Temporarily Unavailable" };

/**
 * Sends one MESSAGE to every binding at once, over the flow that each registered on. The first 2xx is delivery; when all
 * have failed, the best answer stands for them. RFC 3261 §16.7; RFC 3428 §4.
 */
export async function forkToBindings(
  engine: SipEngine,
  bindings: readonly Binding[],
  message: MessageRequest,
): Promise<ForkOutcome> {
  const failures: SipFailure[] = [];
  const branches = bindings.map(async (binding) => {
    const response = await engine.request({ ...message, ...targetOf(binding) });
    if (response.status >= 200 && response.status < 300) return binding.contact;
    failures.push(failureOf(response));
    throw failures;
  });
  const contact = await Promise.any(branches).catch(() => undefined);
  return contact === undefined ? { delivered: false, failure: bestOf(failures) } : { delivered: true, contact };
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

/** A 6xx speaks for the user, all others only for a device: of those the lowest class wins. RFC 3261 §16.7 step 6. */
export function bestOf(failures: readonly SipFailure[]): SipFailure {
  const global = failures.find((failure) => failure.status >= 600);
  if (global !== undefined) return global;
  const sorted = [...failures].sort((a, b) => Math.floor(a.status / 100) - Math.floor(b.status / 100));
  return sorted[0] ?? NO_BINDING;
}

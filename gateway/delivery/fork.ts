import type { Binding } from "../../sip/registrar.ts";
import type { SipFailure } from "../mapping/error.ts";

/** What became of an IM at one phone; `at` tells of the phone that has it. */
export type BindingOutcome<At> =
  | { readonly delivered: true; readonly at: At }
  | { readonly delivered: false; readonly failure: SipFailure };

export type ForkOutcome<At> =
  | { readonly delivered: true; readonly at: At }
  | { readonly delivered: false; readonly failures: readonly SipFailure[] };

/** While there are others to try, a silent group of phones holds an IM no longer than this, well beyond a slow answer. */
export const TRY_OTHERS_AFTER_MS = 10_000;

/** 6xx: the user, not a device, has said no. RFC 3261 §21.6. */
export const GLOBAL_FAILURE = 600;

type Send<At> = (binding: Binding, timeoutMs: number) => Promise<BindingOutcome<At>>;

/**
 * Tries the bindings of the highest q at once, then those of the next; the first 2xx is delivery, and a 6xx ends the
 * search. RFC 3261 §16.6, §16.7; RFC 3428 §4.
 */
export async function forkByPreference<At>(
  bindings: readonly Binding[],
  timeoutMs: number,
  send: Send<At>,
): Promise<ForkOutcome<At>> {
  const failures: SipFailure[] = [];
  const groups = groupsByPreference(bindings);
  for (const [index, group] of groups.entries()) {
    const waitMs = index === groups.length - 1 ? timeoutMs : Math.min(timeoutMs, TRY_OTHERS_AFTER_MS);
    const outcome = await firstDelivered(group.map((binding) => send(binding, waitMs)));
    if (outcome.delivered) return outcome;
    failures.push(...outcome.failures);
    if (failures.some(({ status }) => status >= GLOBAL_FAILURE)) break;
  }
  return { delivered: false, failures };
}

async function firstDelivered<At>(branches: readonly Promise<BindingOutcome<At>>[]): Promise<ForkOutcome<At>> {
  const failures: SipFailure[] = [];
  const deliveries = branches.map(async (branch) => {
    const outcome = await branch;
    if (outcome.delivered) return outcome;
    failures.push(outcome.failure);
    throw failures;
  });
  return Promise.any(deliveries).catch(() => ({ delivered: false as const, failures }));
}

/** Highest q first. */
function groupsByPreference(bindings: readonly Binding[]): readonly (readonly Binding[])[] {
  const preferences = [...new Set(bindings.map(({ q }) => q))].sort((a, b) => b - a);
  return preferences.map((q) => bindings.filter((binding) => binding.q === q));
}

import { canonicalName, type HeaderField } from "../header-fields.ts";
import type { SipResponse } from "../message.ts";
import { rankOfStatus } from "../response-rank.ts";
import { type ClientOutcome, STATUS_WITHOUT_ANSWER } from "./non-invite-client-transaction.ts";
import type { ServedAnswer } from "./server-transaction.ts";

/** What a proxy sends back. Without `toTag` the proxy made the answer itself. */
export interface BestResponse extends ServedAnswer {
  readonly status: number;
  readonly toTag?: string;
  readonly headers: readonly HeaderField[];
}

/** The fields of a response that the server transaction writes itself. RFC 3261 §8.2.6.2. */
const OWN_FIELDS: ReadonlySet<string> = new Set(["via", "from", "to", "call-id", "cseq", "content-length"]);

/** The challenges that a forked request may have collected. RFC 3261 §16.7 step 7. */
const CHALLENGES = ["WWW-Authenticate", "Proxy-Authenticate"] as const;

/**
 * The answer to a forked non-INVITE request: 2xx, else 6xx, else of the lowest class; a 503 becomes 500, since another
 * way to this proxy's users does not exist. RFC 3261 §16.7 steps 6 and 7. Timeouts count as 408, failed transports as 503.
 */
export function bestResponse(outcomes: readonly ClientOutcome[]): BestResponse {
  const ranked = outcomes.map((outcome) => ({ outcome, status: statusOf(outcome) }));
  ranked.sort((one, other) => rankOfStatus(one.status) - rankOfStatus(other.status)); // stable: the earlier answer goes first
  const best = ranked[0];
  if (best === undefined) return { status: 480, headers: [] };
  const status = best.status === 503 ? 500 : best.status;
  if (best.outcome.kind !== "response") return { status, headers: [] };
  const answer = forwardedAnswer(best.outcome.response);
  if (status !== best.status) return { status, headers: [] };
  return status === 401 || status === 407 ? { ...answer, headers: withChallenges(answer.headers, outcomes) } : answer;
}

/** A final answer that ends the wait for the others. RFC 3261 §16.7 step 5: a 2xx is forwarded at once. */
export function isDecisive(outcome: ClientOutcome): boolean {
  return statusOf(outcome) < 300;
}

function statusOf(outcome: ClientOutcome): number {
  return outcome.kind === "response" ? outcome.response.status : STATUS_WITHOUT_ANSWER[outcome.kind];
}

function forwardedAnswer(response: SipResponse): BestResponse {
  const { status, reason, to, fields, body } = response;
  return {
    status,
    reason,
    forwarded: true,
    ...(to.tag === undefined ? {} : { toTag: to.tag }),
    headers: fields.entries().filter(([name]) => !OWN_FIELDS.has(canonicalName(name))),
    ...(body.length === 0 ? {} : { body }),
  };
}

function withChallenges(headers: readonly HeaderField[], outcomes: readonly ClientOutcome[]): readonly HeaderField[] {
  const isChallenge = (name: string) => CHALLENGES.some((challenge) => challenge.toLowerCase() === name.toLowerCase());
  const collected: HeaderField[] = headers.filter(([name]) => !isChallenge(name));
  for (const outcome of outcomes) {
    if (outcome.kind !== "response" || (outcome.response.status !== 401 && outcome.response.status !== 407)) continue;
    for (const name of CHALLENGES) {
      for (const value of outcome.response.fields.all(name)) collected.push([name, value]);
    }
  }
  return collected;
}

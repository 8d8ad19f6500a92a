import { rankOfStatus } from "../../sip/response-rank.ts";
import type { SipFailure } from "../mapping/error.ts";

/**
 * What a failed attempt means for an IM. unreachable: nobody has answered for the user, so it waits for a better time.
 * refused: an answer that waiting will not change. unreadable: the phone could not read it, which an operator should see.
 */
export type Fate = "unreachable" | "refused" | "unreadable";

/** Every other status is a refusal. RFC 3261 §21.4, §21.5; 430: RFC 5626 §11.5. */
// biome-ignore format: table
export const FATE_OF_STATUS: Readonly<Record<number, Fate>> = {
  400: "unreadable",
  408: "unreachable", // timer F as well
  430: "unreachable",
  480: "unreachable",
  503: "unreachable", // a failed transport as well
  504: "unreachable",
};

export function fateOf(status: number): Fate {
  return FATE_OF_STATUS[status] ?? "refused";
}

const NO_BINDING: SipFailure = { status: 480, reason: "Temporarily Unavailable" };

/** Of what several phones answered the one that stands for all: an answer rather than silence, else RFC 3261 §16.7 step 6. */
export function bestOf(failures: readonly SipFailure[]): SipFailure {
  const rank = ({ status }: SipFailure) => (fateOf(status) === "unreachable" ? 10_000 : 0) + rankOfStatus(status);
  return [...failures].sort((a, b) => rank(a) - rank(b))[0] ?? NO_BINDING;
}

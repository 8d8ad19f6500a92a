import { systemRandom } from "../random.ts";
import { ComponentLink, type ComponentLinkOptions } from "./component-link.ts";
import { DEFAULT_LIMITS, type LinkLimits } from "./limits.ts";
import type { XmppLink } from "./link.ts";

export type XmppLinkOptions = Omit<ComponentLinkOptions, "random" | "limits"> & {
  readonly random?: ComponentLinkOptions["random"];
  readonly limits?: Partial<LinkLimits>;
};

/** Makes a link that connects on `start`. */
export function createXmppLink({ random = systemRandom, limits, ...others }: XmppLinkOptions): XmppLink {
  return new ComponentLink({ ...others, random, limits: { ...DEFAULT_LIMITS, ...limits } });
}

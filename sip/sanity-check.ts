import type { Answer } from "./engine.ts";
import type { HeaderField } from "./header-fields.ts";
import type { SipRequest } from "./message.ts";

/** Who looks at a request: one who answers it, one who passes it on, or one who does not know yet which of both it is. */
export type Role = "server" | "proxy" | "either";

export interface SanityOptions {
  readonly supported: ReadonlySet<string>; // option tags in lower case
  readonly role?: Role; // default: server
}

export interface SanityAnswer extends Answer {
  readonly status: number;
}

interface SanityCheck {
  readonly name: string;
  readonly clause: string;
  readonly roles: readonly Role[];
  readonly run: (request: SipRequest, supported: ReadonlySet<string>) => SanityAnswer | undefined;
}

const SCHEMES = /^sips?:/i;

/** Requests that are never refused for their extensions. RFC 3261 §8.2.2.3. */
const WITHOUT_EXTENSIONS: ReadonlySet<string> = new Set(["ACK", "CANCEL"]);

/** What a well-formed request is checked for before anyone acts on it, in this order. RFC 3261 §8.2.2, §16.3. */
export const SANITY_CHECKS: readonly SanityCheck[] = [
  {
    name: "URI scheme",
    clause: "RFC 3261 §8.2.2.1, §16.3 step 2",
    roles: ["server", "proxy", "either"],
    run: checkScheme,
  },
  { name: "Max-Forwards", clause: "RFC 3261 §16.3 step 3", roles: ["proxy"], run: checkMaxForwards },
  {
    name: "Require",
    clause: "RFC 3261 §8.2.2.3",
    roles: ["server"],
    run: (request, supported) => checkExtensions(request, "require", supported),
  },
  {
    name: "Proxy-Require",
    clause: "RFC 3261 §16.3 step 5",
    roles: ["proxy"],
    run: (request, supported) => checkExtensions(request, "proxy-require", supported),
  },
];

/** The answer that refuses a request, or undefined when every check of the role passes. */
export function sanityCheck(
  request: SipRequest,
  { supported, role = "server" }: SanityOptions,
): SanityAnswer | undefined {
  for (const check of SANITY_CHECKS) {
    const answer = check.roles.includes(role) ? check.run(request, supported) : undefined;
    if (answer !== undefined) return answer;
  }
  return undefined;
}

function checkScheme({ uri }: SipRequest): SanityAnswer | undefined {
  return SCHEMES.test(uri) ? undefined : { status: 416 };
}

function checkMaxForwards({ maxForwards }: SipRequest): SanityAnswer | undefined {
  return maxForwards === 0 ? { status: 483 } : undefined;
}

function checkExtensions(
  { method, fields }: SipRequest,
  field: "require" | "proxy-require",
  supported: ReadonlySet<string>,
): SanityAnswer | undefined {
  if (WITHOUT_EXTENSIONS.has(method)) return undefined;
  const unknown = fields.list(field).filter((tag) => !supported.has(tag.toLowerCase()));
  const headers: HeaderField[] = [["Unsupported", unknown.join(", ")]];
  return unknown.length === 0 ? undefined : { status: 420, headers };
}

import { parseDeltaSeconds, parseQ } from "./field-values.ts";
import type { Flow } from "./flow.ts";
import { quote } from "./grammar.ts";
import type { HeaderField } from "./header-fields.ts";
import type { SipRequest } from "./message.ts";
import { parseNameAddr } from "./name-addr.ts";
import { type Parsed, parsed, unparsed } from "./parsed.ts";
import { detached } from "./text.ts";
import { isSipUri, parseUri, type Uri } from "./uri.ts";
import { uriEquals } from "./uri-equality.ts";

/** Where an AOR can be reached. RFC 3261 §10, RFC 5626 §6. Text is latin1 and shares no memory with its request. */
export interface Binding {
  readonly aor: string;
  readonly contact: string; // URI
  readonly instance: string | undefined; // "+sip.instance" without quotes, e.g. "<urn:uuid:…>"
  readonly q: number; // thousandths, 0..1000; 1000 when the phone did not say
  readonly callId: string;
  readonly cseq: number;
  readonly expiresAt: number; // ms since the epoch
  readonly userAgent: string | undefined;
  readonly flow: Flow; // that the REGISTER came over
  /** Requests go over the flow; else to the contact, as from a phone that sends from one port and listens on another. */
  readonly overFlow: boolean;
}

export interface RegistrarLimits {
  readonly defaultExpiresSeconds: number;
  readonly minExpiresSeconds: number;
  readonly maxExpiresSeconds: number;
  readonly maxBindings: number;
  readonly maxContactLength: number;
}

export const REGISTRAR_LIMITS: RegistrarLimits = {
  defaultExpiresSeconds: 3600, // RFC 3261 §10.2.1.1
  minExpiresSeconds: 60, // sooner is load without use: keep-alives hold a flow open, not registrations
  maxExpiresSeconds: 7200, // a phone that vanished is not called for longer than this
  maxBindings: 10, // each request to the AOR forks to all of them
  maxContactLength: 512, // it becomes a Request-URI, which must leave room in a datagram of 1300 bytes (§18.1.1)
};

const MAX_INSTANCE_LENGTH = 128; // a urn:uuid has 47 characters with its brackets
const MAX_USER_AGENT_LENGTH = 256; // shown to operators, nothing else

export interface RegisterInput {
  readonly request: Pick<SipRequest, "fields" | "callId" | "cseq" | "flow" | "via">;
  readonly aor: string;
  readonly current: readonly Binding[]; // of this AOR, expired ones too
  readonly nowMs: number;
  readonly limits?: Partial<RegistrarLimits>;
}

/** `save` and `remove` lead from the bindings given to those of the 200; commit all or answer 500 (§10.3 step 7). */
export type RegisterOutcome =
  | {
      readonly ok: true;
      readonly save: readonly Binding[];
      readonly remove: readonly Binding[];
      readonly bindings: readonly Binding[];
    }
  | RegisterRefusal;

export interface RegisterRefusal {
  readonly ok: false;
  readonly status: number;
  readonly reason: string;
  readonly headers?: readonly HeaderField[];
}

/** One Contact value that asks for something. */
interface Wish {
  readonly contact: string;
  readonly uri: Uri;
  readonly instance: string | undefined;
  readonly q: number;
  readonly expiresSeconds: number;
}

/** What a REGISTER makes of the bindings of its AOR. RFC 3261 §10.3 steps 6 to 8; authentication is done before. */
export function applyRegister(input: RegisterInput): RegisterOutcome {
  const { request, current, nowMs } = input;
  const limits = { ...REGISTRAR_LIMITS, ...input.limits };
  const live = current.filter(({ expiresAt }) => expiresAt > nowMs);
  const values = request.fields.list("contact");
  if (values.length === 0) return difference(current, live); // a fetch, §10.2.3
  if (values.includes("*")) return removeAll(input, live, values.length);
  // Each binding may be removed and another one added in its place.
  if (values.length > 2 * limits.maxBindings) return tooMany(limits);

  const wishes: Wish[] = [];
  for (const value of values) {
    const wish = parseWish(value, request.fields.get("expires"), limits);
    if (!wish.ok) return { ok: false, status: 400, reason: wish.why };
    wishes.push(wish.value);
  }
  if (wishes.some((wish) => isTooBrief(wish, limits))) return tooBrief(limits);
  return grant(wishes, { ...input, live, limits });
}

/** Contact values for the 200, one for each binding. RFC 3261 §10.3 step 8, RFC 5626 §4.2.1. */
export function formatContacts(bindings: readonly Binding[], nowMs: number): readonly string[] {
  return bindings.map(({ contact, expiresAt, q, instance }) => {
    const expires = Math.max(0, Math.ceil((expiresAt - nowMs) / 1000));
    const preference = q === 1000 ? "" : `;q=${q / 1000}`;
    const instanceId = instance === undefined ? "" : `;+sip.instance=${quote(instance)}`;
    return `<${contact}>;expires=${expires}${preference}${instanceId}`;
  });
}

interface Granting extends RegisterInput {
  readonly live: readonly Binding[];
  readonly limits: RegistrarLimits;
}

/** §10.3 step 7, for every Contact in turn; nothing is granted unless all are. */
function grant(wishes: readonly Wish[], input: Granting): RegisterOutcome {
  let untouched = input.live;
  let granted: readonly Binding[] = [];
  for (const wish of wishes) {
    const replaced = replacedBy(wish, untouched);
    if (replaced.some((binding) => isOutOfOrder(binding, input.request))) return outOfOrder();
    untouched = untouched.filter((binding) => !replaced.includes(binding));
    granted = granted.filter((binding) => !names(wish, binding)); // the same Contact twice: the later one counts
    if (wish.expiresSeconds > 0) granted = [...granted, bindingOf(wish, input)];
  }
  const after = [...untouched, ...granted];
  return after.length > input.limits.maxBindings ? tooMany(input.limits) : difference(input.current, after);
}

/** "Contact: *" stands alone with "Expires: 0". RFC 3261 §10.3 step 6. */
function removeAll({ request, current }: RegisterInput, live: readonly Binding[], contacts: number): RegisterOutcome {
  const expires = parseDeltaSeconds(request.fields.get("expires") ?? "");
  if (contacts > 1 || !expires.ok || expires.value !== 0) {
    return { ok: false, status: 400, reason: "Contact * Needs Expires 0 And No Other Contact" };
  }
  return live.some((binding) => isOutOfOrder(binding, request)) ? outOfOrder() : difference(current, []);
}

function parseWish(value: string, expiresField: string | undefined, limits: RegistrarLimits): Parsed<Wish> {
  const nameAddr = parseNameAddr(value);
  if (!nameAddr.ok) return unparsed("Malformed Contact");
  const { uri: contact, parameters } = nameAddr.value;
  if (contact.length > limits.maxContactLength) return unparsed("Contact Too Long");
  const uri = parseUri(contact);
  if (!uri.ok || !isSipUri(uri.value)) return unparsed("Contact Is Not A SIP URI");
  const instance = parameters.get("+sip.instance");
  if (instance !== undefined && instance.length > MAX_INSTANCE_LENGTH) return unparsed("Instance Too Long");
  const q = parseQ(parameters.get("q") ?? "1");
  return parsed({
    contact: detached(contact),
    uri: uri.value,
    instance: instance === undefined ? undefined : detached(instance),
    q: q.ok ? Math.round(q.value * 1000) : 1000, // a broken preference is none
    expiresSeconds: expiresOf(parameters.get("expires") ?? expiresField, limits),
  });
}

/** RFC 3261 §10.2.1.1: the parameter before the field; a malformed value counts as 3600 (§20.10). */
function expiresOf(text: string | undefined, limits: RegistrarLimits): number {
  const seconds = text === undefined ? undefined : parseDeltaSeconds(text);
  const wanted = seconds?.ok ? seconds.value : limits.defaultExpiresSeconds;
  return Math.min(wanted, limits.maxExpiresSeconds);
}

/**
 * The bindings that a wish refreshes, moves or removes: those of the same URI (§19.1.4), and those of the same instance,
 * which is the same phone from another port or network (RFC 5626 §6). A phone that moved may name its old Contact with
 * "expires=0" beside the new one: that removal must hit the old one alone, so the URI goes before the instance there.
 */
function replacedBy(wish: Wish, bindings: readonly Binding[]): readonly Binding[] {
  const sameUri = bindings.filter((binding) => names(wish, binding));
  if (wish.expiresSeconds === 0 && sameUri.length > 0) return sameUri;
  if (wish.instance === undefined) return sameUri;
  return bindings.filter((binding) => sameUri.includes(binding) || binding.instance === wish.instance);
}

function names(wish: Wish, binding: Binding): boolean {
  if (wish.contact === binding.contact) return true;
  const bound = parseUri(binding.contact);
  return bound.ok && uriEquals(wish.uri, bound.value);
}

/** Within one Call-ID only a higher CSeq counts: else it is an old REGISTER that came late. RFC 3261 §10.3 step 7. */
function isOutOfOrder(binding: Binding, { callId, cseq }: RegisterInput["request"]): boolean {
  return binding.callId === callId && cseq.number <= binding.cseq;
}

/** RFC 3261 §10.3 step 7: only an interval between nothing and one hour may be called too brief. */
function isTooBrief({ expiresSeconds }: Wish, { minExpiresSeconds }: RegistrarLimits): boolean {
  return expiresSeconds > 0 && expiresSeconds < Math.min(minExpiresSeconds, 3600);
}

function bindingOf(wish: Wish, { request, aor, nowMs }: RegisterInput): Binding {
  const userAgent = request.fields.get("user-agent");
  return {
    aor,
    contact: wish.contact,
    instance: wish.instance,
    q: wish.q,
    callId: detached(request.callId),
    cseq: request.cseq.number,
    expiresAt: nowMs + wish.expiresSeconds * 1000,
    userAgent: userAgent === undefined ? undefined : detached(userAgent.slice(0, MAX_USER_AGENT_LENGTH)),
    flow: request.flow,
    overFlow: goesOverFlow(wish, request),
  };
}

/**
 * A stream is the only way back through most NATs. Over UDP a phone says by `rport` that it hears where it sends from
 * (RFC 3581 §4), and speaks for itself if it names one contact; of several contacts only the one that is the source does.
 */
function goesOverFlow({ uri }: Wish, { flow, via, fields }: RegisterInput["request"]): boolean {
  if (flow.protocol !== "udp") return true;
  if (fields.list("contact").length === 1 && via.parameters.has("rport")) return true;
  return isSipUri(uri) && uri.host === flow.remote.address && (uri.port ?? DEFAULT_PORT) === flow.remote.port;
}

const DEFAULT_PORT = 5060; // RFC 3261 §19.1.2

function difference(before: readonly Binding[], after: readonly Binding[]): RegisterOutcome {
  const kept = new Set(after.map(({ contact }) => contact)); // a row is named by its AOR and contact
  return {
    ok: true,
    save: after.filter((binding) => !before.includes(binding)),
    remove: before.filter(({ contact }) => !kept.has(contact)),
    bindings: after,
  };
}

function outOfOrder(): RegisterRefusal {
  return { ok: false, status: 500, reason: "CSeq Out Of Order" };
}

function tooMany({ maxBindings }: RegistrarLimits): RegisterRefusal {
  return { ok: false, status: 403, reason: `More Than ${maxBindings} Contacts` };
}

function tooBrief({ minExpiresSeconds }: RegistrarLimits): RegisterRefusal {
  const headers = [["Min-Expires", String(minExpiresSeconds)] as const];
  return { ok: false, status: 423, reason: "Interval Too Brief", headers };
}

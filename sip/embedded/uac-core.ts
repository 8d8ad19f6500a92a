import type { OutgoingRequest } from "../engine.ts";
import type { Flow } from "../flow.ts";
import { canonicalName, type HeaderField, HeaderFields } from "../header-fields.ts";
import type { SipResponse } from "../message.ts";
import { type NameAddr, parseNameAddr } from "../name-addr.ts";
import { NO_PARAMETERS } from "../parameters.ts";
import { reasonPhrase } from "../reason-phrases.ts";
import type { EngineParts } from "./engine-parts.ts";
import { type ClientOutcome, STATUS_WITHOUT_ANSWER } from "./non-invite-client-transaction.ts";
import type { RequestSender } from "./request-sender.ts";

/** The fields that an outgoing request names by properties of its own. */
const BY_PROPERTY: ReadonlySet<string> = new Set(["from", "to", "call-id", "cseq", "content-length"]);

const NO_BODY = Buffer.alloc(0);

/** The CSeq of a request outside any dialog; each has a Call-ID of its own. RFC 3261 §8.1.1.5. */
const FIRST_CSEQ = 1;

export interface UacCoreOptions {
  readonly parts: EngineParts;
  readonly sender: RequestSender;
  /** The flow that a response made here names. */
  readonly ownFlow: () => Flow;
}

/** The identity of a request, which its answer repeats. */
interface Identity {
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly cseq: number;
}

/** Requests of our own. RFC 3261 §8.1. */
export class UacCore {
  readonly #parts: EngineParts;
  readonly #sender: RequestSender;
  readonly #ownFlow: () => Flow;

  constructor({ parts, sender, ownFlow }: UacCoreOptions) {
    this.#parts = parts;
    this.#sender = sender;
    this.#ownFlow = ownFlow;
  }

  /** INVITE and ACK need transactions that this engine does not have. */
  async request(outgoing: OutgoingRequest): Promise<SipResponse> {
    const { method, uri, flow, timeoutMs, headers = [] } = outgoing;
    if (method === "INVITE" || method === "ACK") throw new RangeError(`no client transaction for ${method}`);
    const { tokens } = this.#parts;
    const identity: Identity = {
      from: withTag(outgoing.from, () => tokens.tag()),
      to: outgoing.to,
      callId: outgoing.callId ?? tokens.callId(),
      cseq: outgoing.cseq ?? FIRST_CSEQ,
    };
    const draft = {
      method,
      uri,
      fields: this.#fields(method, identity, headers),
      body: outgoing.body ?? NO_BODY,
      neverFragmented: outgoing.neverFragmented ?? false,
      newBranch: () => tokens.branch(),
    };
    const outcome = await this.#sender.send(draft, { flow, timeoutMs, nextHop: topmostRoute(headers) ?? uri });
    return outcome.kind === "response" ? outcome.response : this.#ownResponse(method, identity, outcome);
  }

  /** RFC 3261 §8.1.1. */
  #fields(method: string, { from, to, callId, cseq }: Identity, headers: readonly HeaderField[]): HeaderField[] {
    const given = new Set(headers.map(([name]) => canonicalName(name)));
    const fields: HeaderField[] = [];
    if (!given.has("max-forwards")) fields.push(["Max-Forwards", "70"]);
    fields.push(["From", from], ["To", to], ["Call-ID", callId], ["CSeq", `${cseq} ${method}`]);
    for (const field of headers) if (!BY_PROPERTY.has(canonicalName(field[0]))) fields.push(field);
    if (!given.has("user-agent")) fields.push(["User-Agent", this.#parts.serverName]);
    return fields;
  }

  /** A timeout counts as 408, a failed transport as 503. RFC 3261 §8.1.3.1. What is too long for its way: 513. */
  #ownResponse(method: string, identity: Identity, outcome: Exclude<ClientOutcome, { kind: "response" }>): SipResponse {
    const status = STATUS_WITHOUT_ANSWER[outcome.kind];
    const flow = this.#ownFlow();
    const { address, port } = flow.local;
    return {
      kind: "response",
      status,
      reason: outcome.kind === "transportError" ? outcome.why : reasonPhrase(status),
      fields: new HeaderFields([]),
      via: { protocol: flow.protocol.toUpperCase(), host: address, port, branch: undefined, parameters: NO_PARAMETERS },
      from: nameAddrOf(identity.from),
      to: nameAddrOf(identity.to),
      callId: identity.callId,
      cseq: { number: identity.cseq, method },
      body: NO_BODY,
      flow,
    };
  }
}

function withTag(from: string, newTag: () => string): string {
  return nameAddrOf(from).tag === undefined ? `${from};tag=${newTag()}` : from;
}

function nameAddrOf(text: string): NameAddr {
  const address = parseNameAddr(text);
  if (address.ok) return address.value;
  return { displayName: undefined, uri: text, tag: undefined, parameters: NO_PARAMETERS };
}

/** RFC 3261 §8.1.2: with a route set the request goes to its first URI (loose routing alone, §16.12.1.1). */
function topmostRoute(headers: readonly HeaderField[]): string | undefined {
  const [first] = new HeaderFields(headers).list("route");
  if (first === undefined) return undefined;
  const address = parseNameAddr(first);
  return address.ok ? address.value.uri : first;
}

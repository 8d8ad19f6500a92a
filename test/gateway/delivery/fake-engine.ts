import type { OutgoingRequest, ProxyOptions, SipEngine } from "../../../sip/engine.ts";
import type { Flow } from "../../../sip/flow.ts";
import { type HeaderField, HeaderFields } from "../../../sip/header-fields.ts";
import type { SipRequest, SipResponse } from "../../../sip/message.ts";
import type { Via } from "../../../sip/via.ts";

/** What a phone puts into its answer. */
export interface PhoneAnswer {
  readonly reason?: string;
  readonly headers?: readonly HeaderField[];
  /** Not a phone's answer: the engine's own for a timeout, a failed transport, or what is too long for a datagram. */
  readonly madeHere?: true;
}

export interface SentRequest {
  readonly request: OutgoingRequest;
  readonly answer: (status: number, answer?: PhoneAnswer) => void;
}

/** A phone network that answers when the test says so, or what it says every phone answers. */
export class FakeEngine implements SipEngine {
  readonly sent: SentRequest[] = [];
  readonly proxied: { readonly request: SipRequest; readonly options: ProxyOptions }[] = [];
  /** Undefined: the test answers each request itself. */
  answers: ((request: OutgoingRequest) => number | undefined) | undefined;
  /** Whether phones leave what is proxied to them without an answer until the proxy gives up. */
  silent = false;

  request(request: OutgoingRequest): Promise<SipResponse> {
    return new Promise((resolve) => {
      const answer = (status: number, given: PhoneAnswer = {}) => resolve(responseTo(request, status, given));
      this.sent.push({ request, answer });
      const status = this.answers?.(request);
      if (status !== undefined) answer(status);
    });
  }

  async proxy(request: SipRequest, options: ProxyOptions) {
    this.proxied.push({ request, options });
    if (this.silent) {
      options.onSilence?.();
      return { status: 408 };
    }
    options.responder.respond(200);
    return { status: 200 };
  }

  get uris(): readonly string[] {
    return this.sent.map(({ request }) => request.uri);
  }

  get callIds(): readonly (string | undefined)[] {
    return this.sent.map(({ request }) => request.callId);
  }

  get bodies(): readonly string[] {
    return this.sent.map(({ request }) => request.body?.toString() ?? "");
  }

  on(): this {
    return this;
  }
  async start(): Promise<readonly Flow[]> {
    return [];
  }
  onFlowClosed(): void {}
  async stop(): Promise<void> {}
}

const FLOW: Flow = {
  protocol: "udp",
  local: { address: "127.0.0.1", port: 5060 },
  remote: { address: "127.0.0.1", port: 5070 },
};

function responseTo(request: OutgoingRequest, status: number, { reason, headers, madeHere }: PhoneAnswer): SipResponse {
  const address = { displayName: undefined, uri: "sip:alice@sip.test", tag: undefined, parameters: new Map() };
  const branch = madeHere ? undefined : "z9hG4bK1";
  const via: Via = { protocol: "UDP", host: "127.0.0.1", port: 5060, branch, parameters: new Map() };
  return {
    kind: "response",
    status,
    reason: reason ?? `Status ${status}`,
    fields: new HeaderFields(headers ?? []),
    via,
    from: address,
    to: address,
    callId: request.callId ?? "",
    cseq: { number: 1, method: request.method },
    body: Buffer.alloc(0),
    flow: FLOW,
  };
}

import { parseMessage } from "../../../sip/embedded/parse.ts";
import type {
  ServerTransaction,
  ServerTransactionContext,
  StatusAnswer,
} from "../../../sip/embedded/server-transaction.ts";
import { TimerWheel } from "../../../sip/embedded/timer-wheel.ts";
import { RFC_TIMERS } from "../../../sip/embedded/timers.ts";
import type { Flow } from "../../../sip/flow.ts";
import type { SipRequest, SipResponse } from "../../../sip/message.ts";
import { FakeClock } from "../fake-clock.ts";

const LOCAL = { address: "127.0.0.1", port: 5060 };
const REMOTE = { address: "127.0.0.1", port: 25401 };

export const UDP: Flow = { protocol: "udp", local: LOCAL, remote: REMOTE };
export const TCP: Flow = { protocol: "tcp", local: LOCAL, remote: REMOTE, connection: "c.1" };

export interface RequestText {
  readonly method?: string;
  readonly uri?: string;
  readonly via?: string;
  readonly lines?: readonly string[];
  readonly body?: string;
  readonly callId?: string;
  readonly contentLength?: boolean;
}

/** A request as a client writes it. */
export function requestText({ method = "MESSAGE", uri = "sip:bob@sip.test", ...rest }: RequestText = {}): string {
  const { via = "SIP/2.0/UDP 127.0.0.1:25401;branch=z9hG4bK.fixture;rport", lines = [], body = "" } = rest;
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: ${via}`,
    "From: <sip:alice@sip.test>;tag=from",
    "To: <sip:bob@sip.test>",
    `Call-ID: ${rest.callId ?? "fixture"}`,
    `CSeq: 20 ${method}`,
    "Max-Forwards: 70",
    ...lines,
    ...(rest.contentLength === false ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    "",
    body,
  ].join("\r\n");
}

export function requestOver(flow: Flow, text: RequestText = {}): SipRequest {
  const read = parseMessage(Buffer.from(requestText(text)), flow);
  if (!read.ok || read.message.kind !== "request") throw new Error("the fixture is no request");
  return read.message;
}

export function responseOver(flow: Flow, status: number, branch: string): SipResponse {
  const text = requestText()
    .replace(/^.*\r\n/, `SIP/2.0 ${status} Fixture\r\n`)
    .replace("z9hG4bK.fixture", branch);
  const read = parseMessage(Buffer.from(text), flow);
  if (!read.ok || read.message.kind !== "response") throw new Error("the fixture is no response");
  return read.message;
}

/** A context that writes down what a transaction asks of the engine. */
export class RecordingContext implements ServerTransactionContext {
  readonly clock = new FakeClock();
  readonly wheel = new TimerWheel(this.clock);
  readonly timers = RFC_TIMERS;
  readonly answerWithinMs = 34_000;
  readonly calls: string[] = [];
  readonly sent: StatusAnswer[] = [];

  /** What was asked since the last look. */
  take(): string[] {
    return this.calls.splice(0);
  }

  send(_transaction: ServerTransaction, _request: SipRequest, answer: StatusAnswer): void {
    this.sent.push(answer);
    this.calls.push(`send ${answer.status}`);
  }

  onOverdue(): void {
    this.calls.push("overdue");
  }

  onCompleted(): void {
    this.calls.push("completed");
  }

  onTerminated(): void {
    this.calls.push("terminated");
  }
}

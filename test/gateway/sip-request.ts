import { parseMessage } from "../../sip/embedded/parse.ts";
import type { Flow } from "../../sip/flow.ts";
import type { SipRequest } from "../../sip/message.ts";

export function flowFrom(port: number): Flow {
  return {
    protocol: "udp",
    local: { address: "127.0.0.1", port: 5060 },
    remote: { address: "127.0.0.1", port },
  };
}

/** A well-formed request; `fields` come on top, those named replace ours. */
export function requestWith(
  line: { readonly method: string; readonly uri?: string; readonly port?: number },
  fields: Readonly<Record<string, string>> = {},
): SipRequest {
  const { method, uri = "sip:juliet@xmpp.test", port = 5070 } = line;
  const all: Readonly<Record<string, string>> = {
    Via: `SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK1`,
    "Max-Forwards": "70",
    From: "<sip:alice@sip.test>;tag=1",
    To: "<sip:alice@sip.test>",
    "Call-ID": "call1",
    CSeq: `1 ${method}`,
    ...fields,
    "Content-Length": "0",
  };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  const result = parseMessage(
    Buffer.from(`${[`${method} ${uri} SIP/2.0`, ...head].join("\r\n")}\r\n\r\n`),
    flowFrom(port),
  );
  if (!result.ok || result.message.kind !== "request") throw new Error("not a request");
  return result.message;
}

import { parseMessage } from "../../../sip/embedded/parse.ts";
import type { SipRequest } from "../../../sip/message.ts";
import { rfc7572Example } from "./rfc7572-examples.ts";

const FLOW = {
  protocol: "udp",
  local: { address: "127.0.0.1", port: 5060 },
  remote: { address: "127.0.0.1", port: 5070 },
} as const;

/** The request that these bytes are. */
export function requestOf(bytes: Buffer): SipRequest {
  const result = parseMessage(bytes, FLOW);
  if (!result.ok) throw new Error(result.why);
  return result.message as SipRequest;
}

/** A MESSAGE from Romeo to Juliet with these header lines (latin1) and this body. */
export function messageWith(headers: readonly string[], body: Buffer | string): SipRequest {
  const bytes = Buffer.from(body);
  const head = [
    "MESSAGE sip:juliet@xmpp.test SIP/2.0",
    "Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKtransaction1",
    "Max-Forwards: 70",
    "From: <sip:romeo@sip.test>;tag=1",
    "To: <sip:juliet@xmpp.test>",
    "Call-ID: call1",
    "CSeq: 1 MESSAGE",
    ...headers,
    `Content-Length: ${bytes.length}`,
  ];
  return requestOf(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), bytes]));
}

/** The RFC prints LF and a Content-Length of its own making; the body is what follows the empty line. */
export function requestOfExample(n: number): SipRequest {
  const [head = "", ...body] = rfc7572Example(n).split("\n\n");
  const text = body
    .join("\n\n")
    .replace(/&#x([0-9A-F]+);/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
  const fields = head.split("\n").filter((line) => !/^content-length/i.test(line));
  const length = `Content-Length: ${Buffer.byteLength(text)}`;
  return requestOf(Buffer.from(`${[...fields, length].join("\r\n")}\r\n\r\n${text}`));
}

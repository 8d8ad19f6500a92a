import { formatRequest, formatResponse } from "../sip/embedded/format.ts";
import { parseMessage } from "../sip/embedded/parse.ts";
import type { Flow } from "../sip/flow.ts";
import type { HeaderField } from "../sip/header-fields.ts";
import type { Row } from "./row.ts";

const FLOW: Flow = {
  protocol: "udp",
  local: { address: "127.0.0.1", port: 5060 },
  remote: { address: "127.0.0.1", port: 25401 },
};

/** As Linphone 5.1 writes them. */
const MESSAGE_FIELDS: readonly HeaderField[] = [
  ["Via", "SIP/2.0/UDP 127.0.0.1:25401;branch=z9hG4bK.4tHaENlpr;rport"],
  ["From", "<sip:alice@sip.test>;tag=94UGuUV-i"],
  ["To", "sip:bob@sip.test"],
  ["CSeq", "20 MESSAGE"],
  ["Call-ID", "HN2-ObBrS0"],
  ["Max-Forwards", "70"],
  ["Supported", "replaces, outbound, gruu"],
  ["Date", "Fri, 21 Nov 2025 08:25:00 GMT"],
  ["Content-Type", "text/plain"],
  ["User-Agent", "Linphone-core/5.1.65"],
];

const REGISTER_FIELDS: readonly HeaderField[] = [
  ["Via", "SIP/2.0/UDP 127.0.0.1:25401;branch=z9hG4bK.XXVSNB6-3;rport"],
  ["From", "<sip:alice@sip.test>;tag=94UGuUV-i"],
  ["To", "sip:alice@sip.test"],
  ["CSeq", "21 REGISTER"],
  ["Call-ID", "HN2-ObBrS0"],
  ["Max-Forwards", "70"],
  ["Supported", "replaces, outbound, gruu"],
  ["Accept", "application/sdp"],
  ["Accept", "text/plain"],
  ["Accept", "application/vnd.gsma.rcs-ft-http+xml"],
  [
    "Contact",
    '<sip:alice@127.0.0.1:25401;transport=udp>;+sip.instance="<urn:uuid:bf693ef5-2d29-0051-a4a3-3d22162ae171>"',
  ],
  ["Expires", "600"],
  ["User-Agent", "Linphone-core/5.1.65"],
  [
    "Authorization",
    'Digest realm="sip.test", nonce="awFO0GsBTaTMeIZ0m+iPPP+woLWaRTVI", username="alice", uri="sip:sip.test", ' +
      'response="6f313515b8f619b597f19cf119bea484", cnonce="YdC~8hC9rZDEnF9W", nc=00000001, qop=auth',
  ],
];

const WARM_UP_MS = 300;
const MEASURED_MS = 700;
const BATCH = 1000;

/** How often a second this process does what `once` does, in a wall-clock second. */
function perSecond(once: () => unknown): number {
  for (const until = performance.now() + WARM_UP_MS; performance.now() < until; ) once();
  let runs = 0;
  const start = performance.now();
  while (performance.now() - start < MEASURED_MS) {
    for (let run = 0; run < BATCH; run++) once();
    runs += BATCH;
  }
  return Math.round(runs / ((performance.now() - start) / 1000));
}

/** Parse and format rates of the embedded engine on one core. */
export async function benchParse(): Promise<Row[]> {
  const content = {
    method: "MESSAGE",
    uri: "sip:bob@sip.test",
    fields: MESSAGE_FIELDS,
    body: Buffer.from("hello, how are you?"),
  };
  const message = formatRequest(content);
  const register = formatRequest({ method: "REGISTER", uri: "sip:sip.test", fields: REGISTER_FIELDS });
  const parsed = parseMessage(message, FLOW);
  if (!parsed.ok || parsed.message.kind !== "request") throw new Error("the sample does not parse");
  const request = parsed.message;
  const answer = { status: 200, toTag: "5497176f96ac9820" };
  const unit = "1/s";
  return [
    { name: "parse MESSAGE", value: perSecond(() => parseMessage(message, FLOW)), unit },
    { name: "parse REGISTER", value: perSecond(() => parseMessage(register, FLOW)), unit },
    { name: "format request", value: perSecond(() => formatRequest(content)), unit },
    { name: "format response", value: perSecond(() => formatResponse(request, answer)), unit },
  ];
}

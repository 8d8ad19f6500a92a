import { expect } from "chai";
import { parseMessage } from "../../sip/embedded/parse.ts";
import type { SipRequest } from "../../sip/message.ts";
import { type Role, SANITY_CHECKS, sanityCheck } from "../../sip/sanity-check.ts";

const FLOW = {
  protocol: "udp",
  local: { address: "::1", port: 5060 },
  remote: { address: "::1", port: 5070 },
} as const;

function requestWith(startLine: string, ...lines: readonly string[]): SipRequest {
  const method = startLine.split(" ")[0];
  const head = [
    `${startLine} SIP/2.0`,
    "Via: SIP/2.0/UDP [::1]:5070;branch=z9hG4bK1",
    "From: <sip:a@sip.test>;tag=1",
    "To: <sip:b@sip.test>",
    "Call-ID: 1",
    `CSeq: 1 ${method}`,
    ...lines,
  ];
  const result = parseMessage(Buffer.from(`${head.join("\r\n")}\r\n\r\n`), FLOW);
  if (!result.ok || result.message.kind !== "request") throw new Error("not a request");
  return result.message;
}

interface Row {
  readonly title: string;
  readonly request: SipRequest;
  readonly role: Role;
  readonly status: number | undefined;
}

const ROWS: readonly Row[] = [
  { title: "§8.2.2.1 tel:", request: requestWith("MESSAGE tel:+1"), role: "server", status: 416 },
  { title: "§16.3 step 2 tel:", request: requestWith("MESSAGE tel:+1"), role: "proxy", status: 416 },
  { title: "§16.3 step 2 tel:", request: requestWith("MESSAGE tel:+1"), role: "either", status: 416 },
  {
    title: "§16.3 Require, whoever it will be",
    request: requestWith("MESSAGE sip:b@sip.test", "Require: x"),
    role: "either",
    status: undefined,
  },
  { title: "§8.2.2.1 SIPS:", request: requestWith("MESSAGE SIPS:b@sip.test"), role: "server", status: undefined },
  {
    title: "§16.3 step 3",
    request: requestWith("MESSAGE sip:b@sip.test", "Max-Forwards: 0"),
    role: "proxy",
    status: 483,
  },
  {
    title: "§16.3 step 3",
    request: requestWith("MESSAGE sip:b@sip.test", "Max-Forwards: 1"),
    role: "proxy",
    status: undefined,
  },
  { title: "§16.3 step 3", request: requestWith("MESSAGE sip:b@sip.test"), role: "proxy", status: undefined },
  {
    title: "§8.2.2 hops",
    request: requestWith("MESSAGE sip:b@sip.test", "Max-Forwards: 0"),
    role: "server",
    status: undefined,
  },
  {
    title: "§8.2.2.3",
    request: requestWith("MESSAGE sip:b@sip.test", "Require: Known, odd"),
    role: "server",
    status: 420,
  },
  {
    title: "§8.2.2.3",
    request: requestWith("MESSAGE sip:b@sip.test", "Require: Known"),
    role: "server",
    status: undefined,
  },
  {
    title: "§8.2.2.3 CANCEL",
    request: requestWith("CANCEL sip:b@sip.test", "Require: odd"),
    role: "server",
    status: undefined,
  },
  {
    title: "§8.2.2.3 ACK",
    request: requestWith("ACK sip:b@sip.test", "Require: odd"),
    role: "server",
    status: undefined,
  },
  {
    title: "§16.3 Require is not a proxy's",
    request: requestWith("MESSAGE sip:b@sip.test", "Require: odd"),
    role: "proxy",
    status: undefined,
  },
  {
    title: "§16.3 step 5",
    request: requestWith("MESSAGE sip:b@sip.test", "Proxy-Require: odd"),
    role: "proxy",
    status: 420,
  },
  {
    title: "§8.2.2 Proxy-Require is not a server's",
    request: requestWith("MESSAGE sip:b@sip.test", "Proxy-Require: odd"),
    role: "server",
    status: undefined,
  },
];

describe("RFC 3261 §8.2.2, §16.3 sanity checks", () => {
  const supported: ReadonlySet<string> = new Set(["known"]);
  for (const { title, request, role, status } of ROWS) {
    it(`${title}: a ${role} answers ${status ?? "nothing"}`, () => {
      expect(sanityCheck(request, { supported, role })?.status).to.equal(status);
    });
  }

  it("§20.40: the 420 names what is unknown and only that", () => {
    const request = requestWith("MESSAGE sip:b@sip.test", "Require: known, odd", "Require: odder");
    expect(sanityCheck(request, { supported })?.headers).to.deep.equal([["Unsupported", "odd, odder"]]);
  });

  it("every check names its clause and someone who runs it", () => {
    for (const { clause, roles } of SANITY_CHECKS) {
      expect(clause).to.match(/^RFC 3261 §/);
      expect(roles).not.to.have.length(0);
    }
  });
});

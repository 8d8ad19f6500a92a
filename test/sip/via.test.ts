import { expect } from "chai";
import type { Flow } from "../../sip/flow.ts";
import { formatVia, parseVia, type Via, viaReceivedOver } from "../../sip/via.ts";

function viaOf(text: string): Via {
  const via = parseVia(text);
  if (!via.ok) throw new Error(`${text}: ${via.why}`);
  return via.value;
}

function flowFrom(address: string, port: number): Flow {
  return { protocol: "udp", local: { address: "192.0.2.1", port: 5060 }, remote: { address, port } };
}

describe("RFC 3261 §20.42 Via", () => {
  const read: readonly (readonly [text: string, written: string])[] = [
    ["SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport"],
    ["SIP/2.0/TCP erlang.bell-telephone.com", "SIP/2.0/TCP erlang.bell-telephone.com"],
    [
      "SIP / 2.0 / UDP first.example.com: 4000;ttl=16 ;maddr=224.2.0.1",
      "SIP/2.0/UDP first.example.com:4000;ttl=16;maddr=224.2.0.1",
    ],
    ["sip/2.0/udp host : 5060 ; BRANCH = a", "SIP/2.0/udp host:5060;branch=a"],
    [
      "SIP/2.0/TLS [2001:db8::9:1]:5061;received=2001:db8::9:255",
      "SIP/2.0/TLS [2001:db8::9:1]:5061;received=2001:db8::9:255",
    ],
    ["SIP/2.0/WS r2l4e90bi0g7.invalid;branch=z9", "SIP/2.0/WS r2l4e90bi0g7.invalid;branch=z9"],
    ["SIP/2.0/UDP web_1:5060", "SIP/2.0/UDP web_1:5060"],
  ];
  for (const [text, written] of read) {
    it(`${text} is read`, () => {
      const via = viaOf(text);
      expect(formatVia(via)).to.equal(written);
      expect(via.branch).to.equal(via.parameters.get("branch"));
    });
  }

  const refused = [
    "",
    "SIP/2.0/UDP",
    "SIP/2.0/ host",
    "SIP/7.0/UDP host",
    "HTTP/1.1/TCP host",
    "SIP/2.0/UDP host:",
    "SIP/2.0/UDP host:99999",
    "SIP/2.0/UDP [::1",
    "SIP/2.0/UDP a b",
    "SIP/2.0/UDP host;;",
    "SIP/2.0/UDP host;branch=",
    "SIP/2.0/UDP host;branch=1;branch=2",
    "SIP/2.0/UDP host junk;branch=1",
  ];
  for (const text of refused) it(`${JSON.stringify(text)} is refused`, () => expect(parseVia(text).ok).to.equal(false));
});

describe("RFC 3261 §18.2.1, RFC 3581 §4: a Via as its receiver completes it", () => {
  it("the source that sent-by names needs nothing", () => {
    const via = viaOf("SIP/2.0/UDP 192.0.2.9:5060;branch=b");
    expect(viaReceivedOver(via, flowFrom("192.0.2.9", 5060))).to.equal(via);
  });

  it("another source, or a name, gets received", () => {
    const via = viaReceivedOver(viaOf("SIP/2.0/UDP phone.test;branch=b"), flowFrom("192.0.2.9", 5060));
    expect(formatVia(via)).to.equal("SIP/2.0/UDP phone.test;branch=b;received=192.0.2.9");
  });

  it("rport gets the source port, and received even where sent-by is right", () => {
    const via = viaReceivedOver(viaOf("SIP/2.0/UDP 192.0.2.9;rport;branch=b"), flowFrom("192.0.2.9", 40000));
    expect(formatVia(via)).to.equal("SIP/2.0/UDP 192.0.2.9;rport=40000;branch=b;received=192.0.2.9");
  });

  it("what a sender forged into received and rport is overwritten", () => {
    const via = viaReceivedOver(viaOf("SIP/2.0/UDP 192.0.2.9;received=1.2.3.4;rport=1"), flowFrom("192.0.2.9", 40000));
    expect(formatVia(via)).to.equal("SIP/2.0/UDP 192.0.2.9;received=192.0.2.9;rport=40000");
  });

  it("IPv6 sources are compared and written without brackets", () => {
    const same = viaOf("SIP/2.0/UDP [2001:db8::1];branch=b");
    expect(viaReceivedOver(same, flowFrom("2001:db8::1", 5060))).to.equal(same);
    expect(formatVia(viaReceivedOver(same, flowFrom("2001:db8::2", 5060)))).to.equal(
      "SIP/2.0/UDP [2001:db8::1];branch=b;received=2001:db8::2",
    );
  });
});

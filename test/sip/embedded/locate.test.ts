import { expect } from "chai";
import { locate } from "../../../sip/embedded/locate.ts";

const NO_LOOKUP = () => Promise.reject(new Error("nothing may be looked up"));

describe("RFC 3263 the next hop of a SIP URI", () => {
  const numeric: readonly (readonly [string, string])[] = [
    ["sip:192.0.2.1", "udp 192.0.2.1 5060"],
    ["sip:bob@192.0.2.1:5070", "udp 192.0.2.1 5070"],
    ["sip:bob@[2001:db8::1]:5070;transport=tcp", "tcp 2001:db8::1 5070"],
    ["sip:bob@192.0.2.1;transport=UDP", "udp 192.0.2.1 5060"],
    ["sip:bob@192.0.2.1;maddr=203.0.113.9", "udp 192.0.2.1 5060"],
    ["sip:bob@192.0.2.1;lr;transport=tcp", "tcp 192.0.2.1 5060"],
  ];
  for (const [uri, wanted] of numeric) {
    it(`${uri} → ${wanted}`, async () => {
      const located = await locate(uri, NO_LOOKUP);
      const hops = located.ok ? located.hops : [];
      expect(hops.map(({ protocol, remote }) => `${protocol} ${remote.address} ${remote.port}`)).to.deep.equal([
        wanted,
      ]);
    });
  }

  it("localhost is both loopback addresses, without asking", async () => {
    const located = await locate("sip:localhost", NO_LOOKUP);
    expect(located.ok && located.hops.map(({ remote }) => remote.address)).to.deep.equal(["127.0.0.1", "::1"]);
  });

  it("a name is its A and AAAA records in the order of the resolver, four at most", async () => {
    const addresses = [1, 2, 3, 4, 5].map((last) => ({ address: `192.0.2.${last}`, family: 4 }));
    const asked: string[] = [];
    const located = await locate("sip:bob@sip.test", (host) => {
      asked.push(host);
      return Promise.resolve(addresses);
    });
    expect(asked).to.deep.equal(["sip.test"]);
    expect(located.ok && located.hops.map(({ remote }) => remote.address)).to.deep.equal([
      "192.0.2.1",
      "192.0.2.2",
      "192.0.2.3",
      "192.0.2.4",
    ]);
  });

  for (const uri of [
    "sips:192.0.2.1",
    "tel:+4930123",
    "sip:192.0.2.1;transport=sctp",
    "sip:bob@phone.invalid",
    "bob",
    "sip:bob@sip.test",
  ]) {
    it(`${uri} → no way`, async () => {
      const located = await locate(uri, NO_LOOKUP);
      expect(located.ok).to.equal(false);
      expect(!located.ok && located.why)
        .to.be.a("string")
        .and.not.equal("");
    });
  }
});

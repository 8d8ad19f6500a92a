import { expect } from "chai";
import { localAddressTowards } from "../../../sip/embedded/local-address.ts";

const INTERFACES = [
  { address: "127.0.0.1", internal: true, cidr: "127.0.0.1/8" },
  { address: "::1", internal: true, cidr: "::1/128" },
  { address: "192.0.2.7", internal: false, cidr: "192.0.2.7/24" },
  { address: "10.0.0.1", internal: false, cidr: "10.0.0.1/8" },
  { address: "10.1.0.1", internal: false, cidr: "10.1.0.1/16" },
  { address: "2001:db8::7", internal: false, cidr: "2001:db8::7/64" },
];

describe("RFC 3261 §18.1.1 the sent-by of a listener on every interface", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["127.0.0.1", "127.0.0.1"],
    ["192.0.2.99", "192.0.2.7"],
    ["10.2.3.4", "10.0.0.1"],
    ["10.1.3.4", "10.1.0.1"],
    ["203.0.113.5", "192.0.2.7"],
    ["::1", "::1"],
    ["2001:db8::99", "2001:db8::7"],
    ["2001:db8:1::99", "2001:db8::7"],
  ];
  for (const [remote, local] of cases) {
    it(`towards ${remote} it is ${local}`, () => {
      expect(localAddressTowards(remote, INTERFACES)).to.equal(local);
    });
  }

  it("without any interface of the family it is loopback", () => {
    expect(localAddressTowards("192.0.2.1", [])).to.equal("127.0.0.1");
    expect(localAddressTowards("2001:db8::1", [])).to.equal("::1");
  });

  it("finds loopback among the interfaces of this machine", () => {
    expect(localAddressTowards("127.0.0.1")).to.equal("127.0.0.1");
  });
});

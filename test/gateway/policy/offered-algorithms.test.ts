import { expect } from "chai";
import { OfferedAlgorithms } from "../../../gateway/policy/offered-algorithms.ts";
import { requestWith } from "../sip-request.ts";

const ALICE = "alice@sip.test";
const register = requestWith({ method: "REGISTER" });
const message = requestWith({ method: "MESSAGE" });

describe("RFC 8760 §2.3: what a phone is offered", () => {
  let now = 0;
  const newOffers = () => new OfferedAlgorithms({ now: () => now });

  beforeEach(() => {
    now = 0;
  });

  it("SHA-256 first, then MD5", () => {
    expect(newOffers().toNewcomer(register, ALICE)).to.deep.equal(["SHA-256", "MD5"]);
  });

  it("COMPAT: phones that are known to give up on SHA-256 get MD5 alone, at once and each time", () => {
    for (const agent of ["baresip v1.0.0 (x86_64/linux)", "SIPp"]) {
      const request = requestWith({ method: "REGISTER" }, { "User-Agent": agent });
      const offered = newOffers();
      expect(offered.toNewcomer(request, ALICE), agent).to.deep.equal(["MD5"]);
      expect(offered.toAnswerer(request, ALICE), agent).to.deep.equal(["MD5"]);
    }
  });

  it("a phone that registers again instead of answering gets MD5 alone from then on", () => {
    const offered = newOffers();
    offered.toNewcomer(register, ALICE);
    expect(offered.toNewcomer(register, ALICE)).to.deep.equal(["MD5"]);
    offered.onCredentials(register, ALICE);
    expect(offered.toAnswerer(register, ALICE)).to.deep.equal(["MD5"]);
    expect(offered.toNewcomer(register, ALICE)).to.deep.equal(["MD5"]);
  });

  it("RFC 3261 §10.2: other requests may be under way together; only one that comes later tells that the phone gave up", () => {
    const offered = newOffers();
    for (now = 0; now <= 2000; now += 500)
      expect(offered.toNewcomer(message, ALICE), `${now} ms`).to.deep.equal(["SHA-256", "MD5"]);
    expect(offered.toNewcomer(message, ALICE)).to.deep.equal(["MD5"]);
    expect(offered.toNewcomer(register, ALICE)).to.deep.equal(["MD5"]);
  });

  it("a phone that answers keeps both, however often it begins without credentials", () => {
    const offered = newOffers();
    for (let turn = 0; turn < 3; turn += 1) {
      expect(offered.toNewcomer(register, ALICE)).to.deep.equal(["SHA-256", "MD5"]);
      offered.onCredentials(register, ALICE);
      expect(offered.toAnswerer(register, ALICE)).to.deep.equal(["SHA-256", "MD5"]);
      now += 3_600_000;
    }
  });

  it("another phone on the same port is a newcomer", () => {
    const offered = newOffers();
    offered.toNewcomer(register, ALICE);
    offered.onCredentials(register, ALICE);
    const desk = requestWith({ method: "REGISTER" }, { "User-Agent": "Desk" });
    offered.toNewcomer(desk, ALICE);
    expect(offered.toNewcomer(desk, ALICE)).to.deep.equal(["MD5"]);
    expect(offered.toNewcomer(register, ALICE)).to.deep.equal(["SHA-256", "MD5"]);
  });

  it("what one phone gives up on is still offered to the user's others", () => {
    const offered = newOffers();
    offered.toNewcomer(register, ALICE);
    offered.toNewcomer(register, ALICE);
    const other = requestWith({ method: "REGISTER", port: 5071 });
    expect(offered.toNewcomer(other, ALICE)).to.deep.equal(["SHA-256", "MD5"]);
    expect(offered.toNewcomer(register, "bob@sip.test")).to.deep.equal(["SHA-256", "MD5"]);
  });

  it("remembers 10,000 phones and forgets the one that asked first", () => {
    const offered = newOffers();
    for (let n = 0; n <= 10_000; n += 1) offered.toNewcomer(register, `user${n}@sip.test`);
    expect(offered.toNewcomer(register, "user0@sip.test")).to.deep.equal(["SHA-256", "MD5"]);
    expect(offered.toNewcomer(register, "user9999@sip.test")).to.deep.equal(["MD5"]);
  });
});

import { expect } from "chai";
import { serverTransactionKey } from "../../../sip/embedded/server-transaction-key.ts";
import { type RequestText, requestOver, UDP } from "./transaction-fixtures.ts";

function keyOf(text: RequestText): string {
  return serverTransactionKey(requestOver(UDP, text));
}

const VIA = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa";
const OLD_VIA = "SIP/2.0/UDP 192.0.2.1:5060";

describe("RFC 3261 §17.2.3 matching requests to server transactions", () => {
  it("same branch, sent-by and method: the same, whatever else is in it", () => {
    expect(keyOf({ via: VIA, callId: "one" })).to.equal(keyOf({ via: VIA, callId: "other", body: "x" }));
  });

  const others: readonly (readonly [string, RequestText])[] = [
    ["another branch", { via: VIA.replace("z9hG4bKa", "z9hG4bKb") }],
    ["another sent-by host", { via: VIA.replace("192.0.2.1", "192.0.2.2") }],
    ["another sent-by port", { via: VIA.replace("5060", "5061") }],
    ["no sent-by port", { via: VIA.replace(":5060", "") }],
    ["another method", { via: VIA, method: "OPTIONS" }],
  ];
  for (const [what, text] of others) {
    it(`${what}: another one`, () => {
      expect(keyOf(text)).to.not.equal(keyOf({ via: VIA }));
    });
  }

  it("an ACK is that of its INVITE, a CANCEL is not", () => {
    expect(keyOf({ via: VIA, method: "ACK" })).to.equal(keyOf({ via: VIA, method: "INVITE" }));
    expect(keyOf({ via: VIA, method: "CANCEL" })).to.not.equal(keyOf({ via: VIA, method: "INVITE" }));
    const cancel = requestOver(UDP, { via: VIA, method: "CANCEL" });
    expect(serverTransactionKey(cancel, "INVITE")).to.equal(keyOf({ via: VIA, method: "INVITE" }));
  });

  it("without the magic cookie Call-ID, Request-URI and Via decide", () => {
    const one = { via: OLD_VIA, callId: "one" };
    expect(keyOf(one)).to.equal(keyOf({ ...one, body: "x" }));
    expect(keyOf(one)).to.not.equal(keyOf({ ...one, callId: "other" }));
    expect(keyOf(one)).to.not.equal(keyOf({ ...one, uri: "sip:carol@sip.test" }));
    expect(keyOf(one)).to.not.equal(keyOf({ ...one, via: `${OLD_VIA};branch=1` }));
  });

  it("a key of any length is kept short, and still tells requests apart", () => {
    const long = (last: string) => keyOf({ via: `${VIA}${"x".repeat(30_000)}${last}` });
    expect(long("1")).to.have.length(64);
    expect(long("1")).to.equal(long("1"));
    expect(long("1")).to.not.equal(long("2"));
  });
});

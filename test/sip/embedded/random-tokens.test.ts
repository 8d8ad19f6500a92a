import { expect } from "chai";
import { RandomTokens } from "../../../sip/embedded/random-tokens.ts";

describe("RFC 3261 §19.3, §8.1.1.7 tags, branches and Call-IDs", () => {
  it("do not repeat, also past the end of the pool", () => {
    const tokens = new RandomTokens();
    const seen = new Set<string>();
    for (let number = 0; number < 1000; number += 1) {
      for (const token of [tokens.tag(), tokens.branch(), tokens.callId()]) seen.add(token);
    }
    expect(seen.size).to.equal(3000);
  });

  it("a branch starts with the magic cookie", () => {
    expect(new RandomTokens().branch()).to.match(/^z9hG4bK[0-9a-f]{20}$/);
  });

  it("every byte of the source is used once", () => {
    let drawn = 0;
    const tokens = new RandomTokens((bytes) => {
      for (let at = 0; at < bytes.length; at += 1) {
        bytes[at] = drawn % 251;
        drawn += 1;
      }
    });
    expect(tokens.tag()).to.equal("0001020304050607");
    expect(tokens.tag()).to.equal("08090a0b0c0d0e0f");
    expect(tokens.secret()).to.have.length(32);
  });
});

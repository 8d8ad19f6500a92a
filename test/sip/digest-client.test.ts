import { expect } from "chai";
import { pickChallenge } from "../../sip/digest-client.ts";
import { answer } from "./digest-world.ts";

describe("RFC 8760 §2.4: the client picks a challenge", () => {
  const of = (algorithm: string) => `Digest realm="r", nonce="n", qop="auth", algorithm=${algorithm}`;

  it("SHA-256 before MD5, MD5 when there is nothing else we know, none when we know none", () => {
    expect(pickChallenge([of("MD5"), of("SHA-256")])?.algorithm).equal("SHA-256");
    expect(pickChallenge([of("SHA-512-256"), of("md5")])?.algorithm).equal("MD5");
    expect(pickChallenge([of("SHA-512-256"), "Basic realm=x"])).equal(undefined);
  });

  it("answers a challenge without qop in the RFC 2069 form", () => {
    const challenge = pickChallenge(['Digest realm="r", nonce="n"']);
    if (challenge === undefined) throw new Error("no challenge picked");
    expect(answer(challenge)).not.match(/qop|nc=|cnonce/);
  });

  it("leaves a challenge that offers auth-int alone", () => {
    expect(pickChallenge(['Digest realm="r", nonce="n", qop="auth-int"'])).equal(undefined);
  });
});

import { expect } from "chai";
import { credentialsForRealm, digestResponse } from "../../sip/digest.ts";
import { parseCredentials } from "../../sip/digest-fields.ts";
import { answer, pairFor, REALM, world } from "./digest-world.ts";

describe("RFC 3261 §22: the dialects of clients", () => {
  it("libpurple SIMPLE: no qop, a quoted nc, no algorithm; only for the target that it names", async () => {
    const { challenge, judge } = world();
    const { nonce } = challenge("MD5");
    const hash = pairFor("alice").md5;
    const uri = "sip:bob@sip.test";
    const response = digestResponse({
      algorithm: "MD5",
      ha1: hash,
      method: "MESSAGE",
      uri,
      nonce,
      protection: undefined,
    });
    const header = `Digest username="alice", realm="sip.test", nonce="${nonce}", uri="${uri}", nc="1", response="${response}"`;
    expect(await judge(header)).equal("ok alice");
    expect(await judge(header)).equal("ok alice");
    expect(await judge(header, { requestUri: "sip:bob@SIP.test;transport=tcp" })).equal("ok alice");
    expect(await judge(header, { requestUri: "sip:carol@sip.test" })).equal("malformed");
  });

  it("sipp: a digest uri other than the Request-URI passes, for the digest covers what was sent", async () => {
    const { challenge, judge } = world();
    expect(await judge(answer(challenge(), { uri: "sip:127.0.0.1:5060" }))).equal("ok alice");
  });

  it("Linphone: two spaces after the scheme and before parameters", async () => {
    const { challenge, judge } = world();
    const spaced = answer(challenge()).replace("Digest ", "Digest  ").replaceAll(", ", ",  ");
    expect(await judge(spaced)).equal("ok alice");
  });

  const RECORDED: readonly (readonly [string, string])[] = [
    [
      "Linphone 5.1",
      'Digest realm="sip.test", nonce="awFO6msBTb5tPySWum79AU1YXqcgv8ck", username="alice",  uri="sip:sip.test", response="1b6aa60b5d8405aec118e7dfaf9af95f", cnonce="wU8mHYrkLBAKNHCM", nc=00000001, qop=auth',
    ],
    [
      "sip.js 0.21",
      'Digest algorithm=MD5, username="alice", realm="sip.test", nonce="awFPbmsBTkKmJOYwmaWoguX9tmwkErC/", uri="sip:sip.test", response="956317356df7c7d22d04d66dc12be3a1", qop=auth, cnonce="numi5fsueosb", nc=00000001',
    ],
    [
      "sipp 3.6",
      'Digest username="alice",realm="sip.test",cnonce="6b8b4567",nc=00000001,qop=auth,uri="sip:127.0.0.1:25060",nonce="awFPJGsBTfigIwvhwha3QQBdzDAyyzyF",response="113538c1624554c347e04d63f32df2cb",algorithm=MD5',
    ],
  ];
  for (const [client, value] of RECORDED) {
    it(`reads what ${client} sends`, () => {
      const read = parseCredentials(value);
      expect(read).deep.include({ ok: true });
      expect(read.ok && [read.value.username, read.value.algorithm, read.value.protection?.nc]).deep.equal([
        "alice",
        "MD5",
        "00000001",
      ]);
    });
  }

  it("RFC 3261 §22.3: of several values the one for our realm is taken", () => {
    const { challenge } = world();
    const other = answer({ ...challenge(), realm: "elsewhere.test" });
    const own = answer(challenge());
    expect(credentialsForRealm([other, own], REALM)).equal(own);
    expect(credentialsForRealm([other], REALM)).equal(other);
    expect(credentialsForRealm([], REALM)).equal(undefined);
  });
});

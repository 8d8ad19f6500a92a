import { expect } from "chai";
import { DigestAuthenticator, digestResponse, ha1, REFUSAL_ANSWERS } from "../../sip/digest.ts";
import { authorization, pickChallenge } from "../../sip/digest-client.ts";
import { answer, lookup, options, REALM, TurnedClock, world } from "./digest-world.ts";

describe("RFC 7616 §3.9.1 and RFC 2617 §3.5: the request-digest of the examples", () => {
  const mufasa = { username: "Mufasa", realm: "http-auth@example.org", password: "Circle of Life" };
  const example = {
    method: "GET",
    uri: "/dir/index.html",
    nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    protection: { qop: "auth", nc: "00000001", cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ" },
  };

  it("RFC 7616 §3.9.1, MD5", () => {
    const hash = ha1({ algorithm: "MD5", ...mufasa });
    expect(digestResponse({ algorithm: "MD5", ha1: hash, ...example })).equal("8ca523f5e9506fed4657c9700eebdbec");
  });

  it("RFC 7616 §3.9.1, SHA-256", () => {
    const hash = ha1({ algorithm: "SHA-256", ...mufasa });
    expect(digestResponse({ algorithm: "SHA-256", ha1: hash, ...example })).equal(
      "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
    );
  });

  it("RFC 2617 §3.5, MD5", () => {
    const user = { username: "Mufasa", realm: "testrealm@host.com", password: "Circle Of Life" };
    const response = digestResponse({
      algorithm: "MD5",
      ha1: ha1({ algorithm: "MD5", ...user }),
      method: "GET",
      uri: "/dir/index.html",
      nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
      protection: { qop: "auth", nc: "00000001", cnonce: "0a4f113b" },
    });
    expect(response).equal("6629fae49393a05397450978507c4ef1");
  });

  it("the client's value for the RFC 7616 challenge carries the same response", () => {
    const challenge = pickChallenge([
      `Digest realm="${mufasa.realm}", qop="auth, auth-int", algorithm=MD5, nonce="${example.nonce}", opaque="FQhe"`,
      `Digest realm="${mufasa.realm}", qop="auth, auth-int", algorithm=SHA-256, nonce="${example.nonce}", opaque="FQhe"`,
    ]);
    if (challenge === undefined) throw new Error("no challenge picked");
    const { cnonce } = example.protection;
    const secret = { password: mufasa.password };
    const value = authorization({
      challenge,
      method: "GET",
      uri: example.uri,
      username: "Mufasa",
      secret,
      nc: 1,
      cnonce,
    });
    expect(value)
      .contain("753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")
      .and.contain('opaque="FQhe"');
  });
});

describe("RFC 8760 §2.3: the challenge", () => {
  it("SHA-256 first, then MD5, each a value of its own, with qop and one nonce", () => {
    const { authenticator } = world();
    const [first, second, ...rest] = authenticator.challenge(REALM, { opaque: "x" });
    const shape = (algorithm: string) =>
      new RegExp(`^Digest realm="sip\\.test", nonce="[\\w-]{43}", opaque="x", algorithm=${algorithm}, qop="auth"$`);
    expect(first).match(shape("SHA-256"));
    expect(second).match(shape("MD5"));
    expect(rest).deep.equal([]);
  });

  it("says stale=true when the password may be right", () => {
    const { authenticator } = world();
    expect(authenticator.challenge(REALM, { stale: true })[0]).contain("stale=true");
    expect(authenticator.challenge(REALM)[0]).not.contain("stale");
  });

  it("offers less when asked to", () => {
    const { authenticator } = world();
    const values = authenticator.challenge(REALM, { algorithms: ["MD5"] });
    expect(values.map((value) => value.replace(/nonce="[^"]*", /, ""))).deep.equal([
      'Digest realm="sip.test", algorithm=MD5, qop="auth"',
    ]);
  });

  it("a secret of another length is refused at once", () => {
    const make = () => new DigestAuthenticator({ realms: [], secret: Buffer.alloc(3), clock: new TurnedClock() });
    expect(make).throw(RangeError);
  });
});

describe("RFC 7616 §3.4.6: the verdicts", () => {
  for (const algorithm of ["SHA-256", "MD5"] as const) {
    it(`ok with ${algorithm}`, async () => {
      const { challenge, judge } = world();
      expect(await judge(answer(challenge(algorithm)))).equal("ok alice");
    });
  }

  it("ok for user@domain, looked up as sent", async () => {
    const { challenge, judge } = world();
    expect(await judge(answer(challenge(), { username: "alice@sip.test" }))).equal("ok alice@sip.test");
  });

  it("ok for a name in UTF-8 and one with quotes", async () => {
    const { challenge, judge } = world();
    expect(await judge(answer(challenge(), { username: "alice-é" }))).equal("ok alice-é");
    expect(await judge(answer(challenge(), { username: 'alice"\\"' }))).equal('ok alice"\\"');
  });

  it("absent without the field or with another scheme", async () => {
    const { judge } = world();
    expect(await judge(undefined)).equal("absent");
    expect(await judge("Bearer abc")).equal("absent");
  });

  const MALFORMED: readonly (readonly [string, (right: string) => string])[] = [
    ["no parameters", () => "Digest !"],
    ["no username", (right) => right.replace(/username="alice", /, "")],
    ["no response", (right) => right.replace(/response="\w+", /, "")],
    ["a response of the other algorithm's length", (right) => right.replace("SHA-256", "MD5")],
    ["a parameter twice", (right) => `${right}, nc=00000001`],
    ["an unclosed quote", (right) => `${right}, x="y`],
    ["an algorithm not offered", (right) => right.replace("SHA-256", "SHA-512-256")],
    ["auth-int, not offered", (right) => right.replace("qop=auth", "qop=auth-int")],
    ["qop without nc", (right) => right.replace(/nc=\w+, /, "")],
    ["an nc that is no number", (right) => right.replace("nc=00000001", "nc=one")],
    ["more than 4096 characters", (right) => `${right}, x="${"y".repeat(4096)}"`],
    ["a username above 255", (right) => right.replace("alice", "a".repeat(256))],
  ];
  for (const [what, spoil] of MALFORMED) {
    it(`malformed with ${what}`, async () => {
      const { challenge, judge } = world();
      expect(await judge(spoil(answer(challenge())))).equal("malformed");
    });
  }

  it("malformed when its algorithm is not offered here", async () => {
    const { challenge } = world();
    const md5Only = new DigestAuthenticator({ ...options(new TurnedClock()), algorithms: ["MD5"] });
    const header = answer(challenge("SHA-256"));
    const question = { header, method: "MESSAGE", requestUri: "sip:bob@sip.test", source: "192.0.2.1", lookup };
    expect(await md5Only.verify(question)).deep.equal({ ok: false, reason: "malformed" });
  });

  it("realm for a realm that is not ours", async () => {
    const { challenge, judge } = world();
    expect(await judge(answer({ ...challenge(), realm: "elsewhere.test" }))).equal("realm");
  });

  it("wrong for a wrong password, an unknown user, another method", async () => {
    const { challenge, judge } = world();
    expect(await judge(answer(challenge(), { password: "guess" }))).equal("wrong");
    expect(await judge(answer(challenge(), { username: "nobody" }))).equal("wrong");
    expect(await judge(answer(challenge()), { method: "REGISTER" })).equal("wrong");
  });

  it("rejects when the lookup does", async () => {
    const { challenge, judge } = world();
    const broken = () => Promise.reject(new Error("store is closed"));
    const verdict = await judge(answer(challenge()), { lookup: broken }).catch((error: Error) => error.message);
    expect(verdict).equal("store is closed");
  });

  it("every refusal has an answer; stale is said only of answers that may be right", () => {
    const stale = Object.entries(REFUSAL_ANSWERS).filter(([, row]) => row.stale);
    expect(stale.map(([reason]) => reason)).deep.equal(["stale", "replayed"]);
    expect(REFUSAL_ANSWERS.blocked.answer).equal(403);
  });
});

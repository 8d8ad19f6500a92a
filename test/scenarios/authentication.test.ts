import { expect } from "chai";
import type { Challenge } from "../peers/digest-answer.ts";
import { challengesOf, type RawPhone } from "../peers/raw-phone.ts";
import { fieldsOf, type RawMessage, reasonOf, statusOf } from "../peers/raw-sip.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides, receives } from "./both-sides.ts";

const REGISTER = { method: "REGISTER", uri: "sip:sip.test" };
const MESSAGE = {
  method: "MESSAGE",
  uri: "sip:juliet@xmpp.test",
  body: "By whose direction found'st thou out this place?",
};
const WRONG_PASSWORD = "not the password";

describe("Nobody speaks for somebody else", () => {
  let sides: BothSides;
  let juliet: XmppClient;

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob", "carol"], people: ["juliet"] });
    juliet = await sides.client("juliet");
  });
  after(() => sides.stop());

  describe("the challenge", () => {
    it("RFC 8760 §2.3: to a REGISTER, 401 with SHA-256 and then MD5, each in a field of its own", async () => {
      const alice = await sides.phone("alice");
      const response = await alice.once(REGISTER);
      expect(statusOf(response)).to.equal(401);
      expect(fieldsOf(response, "www-authenticate")).to.have.lengthOf(2);
      expect(algorithmsOf(response)).to.deep.equal(["SHA-256", "MD5"]);
      expect(challengesOf(response).map(({ realm, qop, stale }) => [realm, qop, stale])).to.deep.equal([
        ["sip.test", "auth", false],
        ["sip.test", "auth", false],
      ]);
    });

    it("to a MESSAGE, 407", async () => {
      const alice = await sides.phone("alice");
      const response = await alice.once(MESSAGE);
      expect(statusOf(response)).to.equal(407);
      expect(fieldsOf(response, "proxy-authenticate")).to.have.lengthOf(2);
    });

    it("a phone that gave up on SHA-256 and asks again is offered MD5 alone", async () => {
      const alice = await sides.phone("alice");
      expect(algorithmsOf(await alice.once(REGISTER))).to.deep.equal(["SHA-256", "MD5"]);
      expect(algorithmsOf(await alice.once(REGISTER))).to.deep.equal(["MD5"]);
      expect(statusOf(await alice.register())).to.equal(200);
    });

    it("RFC 7616 §3.3: a nonce that is none of ours gets stale=true and a fresh one", async () => {
      const alice = await sides.phone("alice");
      const challenge = await newChallenge(alice);
      const answer = alice.credentialsFor({
        ...REGISTER,
        challenge: { ...challenge, nonce: "x".repeat(43) },
        count: 1,
      });
      const response = await alice.once({ ...REGISTER, fields: answer });
      expect(statusOf(response)).to.equal(401);
      expect(challengesOf(response).map(({ stale }) => stale)).to.deep.equal([true, true]);
      alice.take(response);
      expect(statusOf(await alice.once({ ...REGISTER, fields: alice.credentials(REGISTER) }))).to.equal(200);
    });

    it("RFC 7616 §3.4: an answer that is sent again is refused with a fresh challenge, and the next count is taken", async () => {
      const alice = await sides.phone("alice");
      const challenge = await newChallenge(alice);
      const answer = (count: number) =>
        alice.once({ ...MESSAGE, fields: alice.credentialsFor({ ...MESSAGE, challenge, count }) });
      expect(statusOf(await answer(1))).to.equal(200);
      const replayed = await answer(1);
      expect(statusOf(replayed)).to.equal(407);
      expect(challengesOf(replayed).map(({ nonce, stale }) => [nonce === challenge.nonce, stale])).to.deep.equal([
        [false, true],
        [false, true],
      ]);
      expect(statusOf(await answer(2))).to.equal(200);
    });
  });

  describe("the right password", () => {
    for (const algorithm of ["SHA-256", "MD5"] as const) {
      it(`registers and sends with ${algorithm}`, async () => {
        const alice = await sides.registeredPhone("alice", { algorithm });
        const text = `with ${algorithm}`;
        expect(statusOf(await alice.message("juliet@xmpp.test", text))).to.equal(200);
        await receives(juliet, text);
      });
    }

    it("a phone that signs in with its whole address is let in", async () => {
      const alice = await sides.phone("alice", { username: "alice@sip.test" });
      expect(statusOf(await alice.register())).to.equal(200);
      expect(statusOf(await alice.message("juliet@xmpp.test", "as alice@sip.test"))).to.equal(200);
    });
  });

  describe("a wrong password", () => {
    it("is asked for again, then refused for a while; the same user elsewhere and others here are not", async () => {
      const carol = await sides.phone("carol", { password: WRONG_PASSWORD });
      const statuses: number[] = [];
      for (let tries = 0; tries < 8; tries += 1) statuses.push(statusOf(await guess(carol)));
      // The first has no answer in it. The fifth wrong one is the last that is looked at; the tests of the digest turn the clock to the end of the minute.
      expect(statuses).to.deep.equal([401, 401, 401, 401, 401, 401, 403, 403]);
      const there = await sides.phone("carol", { address: "127.0.0.2" });
      expect(statusOf(await there.register())).to.equal(200);
      const bob = await sides.phone("bob");
      expect(statusOf(await bob.register())).to.equal(200);
    });

    it("an account that does not exist looks just the same", async () => {
      const tries = async (user: string): Promise<readonly string[]> => {
        const phone = await sides.phone(user, { password: WRONG_PASSWORD, address: "127.0.0.3" });
        const seen: string[] = [];
        for (let number = 0; number < 8; number += 1) seen.push(lookOf(await guess(phone)));
        return seen;
      };
      expect(await tries("nobody")).to.deep.equal(await tries("carol"));
    });
  });

  describe("somebody else's name", () => {
    it("bob with his own password cannot send as alice: 403", async () => {
      const bob = await sides.phone("bob");
      const response = await bob.request({ ...MESSAGE, fields: { From: "<sip:alice@sip.test>;tag=1" } });
      expect(statusOf(response)).to.equal(403);
      expect(reasonOf(response)).to.equal("You are bob@sip.test, not alice@sip.test");
    });

    it("bob cannot register for alice: 403, and her binding stays", async () => {
      const alice = await sides.registeredPhone("alice");
      const bob = await sides.phone("bob");
      const fields = { To: "<sip:alice@sip.test>", Contact: bob.contact };
      expect(statusOf(await bob.request({ ...REGISTER, fields }))).to.equal(403);
      const fetched = await alice.request(REGISTER);
      expect(fieldsOf(fetched, "contact").join())
        .to.contain(`:${alice.wire.port}`)
        .and.not.contain(`:${bob.wire.port}`);
    });

    for (const { what, from } of [
      { what: "a foreign domain", from: "<sip:mallory@elsewhere.test>" },
      { what: "an XMPP domain", from: "<sip:juliet@xmpp.test>" },
      { what: "a telephone number", from: "<tel:+15551234>" },
    ]) {
      it(`a sender of ${what}: 403`, async () => {
        const bob = await sides.phone("bob");
        expect(statusOf(await bob.request({ ...MESSAGE, fields: { From: `${from};tag=1` } }))).to.equal(403);
      });
    }
  });

  describe("an address that cannot be served", () => {
    for (const { what, uri, status } of [
      { what: "a domain that nobody here serves", uri: "sip:romeo@elsewhere.test", status: 404 },
      { what: "a sips: address on the XMPP side", uri: "sips:juliet@xmpp.test", status: 416 },
      { what: "a sips: address on the SIP side, over UDP", uri: "sips:alice@sip.test", status: 416 },
      { what: "a telephone number", uri: "tel:+15551234", status: 416 },
    ]) {
      it(`${what}: ${status}`, async () => {
        await sides.registeredPhone("alice");
        const bob = await sides.phone("bob");
        expect(statusOf(await bob.request({ ...MESSAGE, uri }))).to.equal(status);
      });
    }
  });
});

function algorithmsOf(response: RawMessage): readonly string[] {
  return challengesOf(response).map(({ algorithm }) => algorithm);
}

/** The first time it only asks; from then on each answers the challenge of the one before. */
async function guess(phone: RawPhone): Promise<RawMessage> {
  const response = await phone.once({ ...REGISTER, fields: phone.credentials(REGISTER) });
  if (statusOf(response) === 401) phone.take(response);
  return response;
}

async function newChallenge(phone: RawPhone): Promise<Challenge> {
  const [challenge] = challengesOf(await phone.once(REGISTER));
  if (challenge === undefined) throw new Error("no challenge");
  return challenge;
}

/** What a guesser can see of an answer: the status line, the names of its fields, the challenges without their nonces. */
function lookOf(response: RawMessage): string {
  const challenges = challengesOf(response).map((each) => ({ ...each, nonce: each.nonce.length }));
  return JSON.stringify([response.startLine, response.fields.map(([name]) => name), challenges]);
}

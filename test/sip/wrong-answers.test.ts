import { expect } from "chai";
import type { DigestChallenge } from "../../sip/digest-client.ts";
import { answer, lookup, world } from "./digest-world.ts";

describe("RFC 7616 §5.8: tries are bounded", () => {
  async function guess(times: number, judge: (header: string) => Promise<string>, challenge: () => DigestChallenge) {
    for (let n = 0; n < times; n += 1) expect(await judge(answer(challenge(), { password: "guess" }))).equal("wrong");
  }

  it("after five wrong answers even the right one is blocked, until the minute has passed", async () => {
    const { clock, challenge, judge } = world();
    await guess(5, judge, challenge);
    expect(await judge(answer(challenge()))).equal("blocked");
    clock.ms += 59_999;
    expect(await judge(answer(challenge()))).equal("blocked");
    clock.ms += 1;
    expect(await judge(answer(challenge()))).equal("ok alice");
  });

  it("another source and another user are not blocked; another spelling of the user is", async () => {
    const { challenge, judge } = world();
    await guess(5, judge, challenge);
    expect(await judge(answer(challenge()), { source: "192.0.2.2" })).equal("ok alice");
    expect(await judge(answer(challenge(), { username: "alice2" }))).equal("ok alice2");
    expect(await judge(answer(challenge(), { username: "Alice@sip.test" }))).equal("blocked");
  });

  it("a right answer clears the count; a replayed one does not", async () => {
    const { challenge, judge } = world();
    await guess(4, judge, challenge);
    const nonce = challenge();
    expect(await judge(answer(nonce))).equal("ok alice");
    await guess(4, judge, challenge);
    expect(await judge(answer(nonce))).equal("replayed");
    await guess(1, judge, challenge);
    expect(await judge(answer(challenge()))).equal("blocked");
  });

  it("guesses sent all at once are counted as those sent one by one", async () => {
    const { challenge, judge } = world();
    const slow = { lookup: async (username: string) => Promise.resolve(lookup(username)) };
    const guesses = Array.from({ length: 20 }, () => judge(answer(challenge(), { password: "guess" }), slow));
    const verdicts = await Promise.all(guesses);
    expect(verdicts.filter((verdict) => verdict === "wrong")).length(5);
    expect(verdicts.filter((verdict) => verdict === "blocked")).length(15);
  });

  it("an unknown user is blocked like a known one", async () => {
    const { challenge, judge } = world();
    const nobody = () => answer(challenge(), { username: "nobody", password: "guess" });
    for (let n = 0; n < 5; n += 1) expect(await judge(nobody())).equal("wrong");
    expect(await judge(nobody())).equal("blocked");
  });

  it("the table of tallies is bounded: the oldest goes", async () => {
    const { challenge, judge } = world({ maxWrongTallies: 2 });
    await guess(5, judge, challenge);
    for (const source of ["192.0.2.2", "192.0.2.3"]) {
      expect(await judge(answer(challenge(), { password: "guess" }), { source })).equal("wrong");
    }
    expect(await judge(answer(challenge()))).equal("ok alice");
  });
});

import { expect } from "chai";
import { Backoff, FIRST_DELAY_MS, LONGEST_DELAY_MS, type RetryClass } from "../../../xmpp/link/backoff.ts";

function delays(retry: RetryClass, fraction: number, count: number): number[] {
  const backoff = new Backoff({ fraction: () => fraction });
  return Array.from({ length: count }, () => backoff.next(retry));
}

describe("the delay before the next connection", () => {
  it("doubles from 0.2 s to 30 s", () => {
    expect(delays("cut", 1, 10)).to.deep.equal([200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000]);
  });

  it("starts at 1 s after a conflict and at 5 s after a refused secret", () => {
    expect(delays("conflict", 1, 3)).to.deep.equal([1000, 2000, 4000]);
    expect(delays("configuration", 1, 4)).to.deep.equal([5000, 10000, 20000, 30000]);
  });

  it("lies in the upper half, by chance", () => {
    for (const retry of Object.keys(FIRST_DELAY_MS) as RetryClass[]) {
      expect(delays(retry, 0, 1)).to.deep.equal([FIRST_DELAY_MS[retry] / 2]);
      expect(delays(retry, 0.5, 1)).to.deep.equal([FIRST_DELAY_MS[retry] * 0.75]);
    }
  });

  it("stays at the longest delay for ever", () => {
    expect(delays("cut", 1, 5000).at(-1)).to.equal(LONGEST_DELAY_MS);
  });

  it("starts again after a reset", () => {
    const backoff = new Backoff({ fraction: () => 1 });
    backoff.next("cut");
    backoff.next("cut");
    backoff.reset();
    expect(backoff.next("cut")).to.equal(200);
  });
});

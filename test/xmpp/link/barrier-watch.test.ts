import { expect } from "chai";
import { BarrierWatch } from "../../../xmpp/link/barrier-watch.ts";

const LIMITS = { answerWithinMs: 10_000, probeEveryMs: 30_000 };

function verdicts(watch: BarrierWatch, openBarrier: string | undefined, count: number): string[] {
  return Array.from({ length: count }, () => watch.tick(openBarrier));
}

describe("the watch on a server that may have fallen silent", () => {
  it("asks an idle link every 30 s", () => {
    const looks = verdicts(new BarrierWatch(LIMITS), undefined, 60);
    expect(looks.flatMap((verdict, index) => (verdict === "probe" ? [index + 1] : []))).to.deep.equal([30, 60]);
  });

  it("gives the server up when the same barrier has been open for 10 s", () => {
    const looks = verdicts(new BarrierWatch(LIMITS), "a", 11);
    expect(looks).to.deep.equal([...Array.from({ length: 10 }, () => "well"), "silent"]);
  });

  it("is content as long as each look finds another barrier", () => {
    const watch = new BarrierWatch(LIMITS);
    const looks = Array.from({ length: 100 }, (_, number) => watch.tick(`${number}`));
    expect(looks.every((verdict) => verdict === "well")).to.equal(true);
  });

  it("starts to count again after an answer", () => {
    const watch = new BarrierWatch(LIMITS);
    verdicts(watch, "a", 9);
    watch.tick(undefined);
    expect(verdicts(watch, "b", 10)).to.not.include("silent");
  });
});

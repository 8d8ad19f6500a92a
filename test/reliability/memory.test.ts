import { expect } from "chai";
import { isFlat, type Sample, windowsOf } from "./memory.ts";

/** One sample every 100 s, so three a window of 300 s. */
const samplesOf = (residentMb: readonly number[]): readonly Sample[] =>
  residentMb.map((each, index) => ({ atSeconds: index * 100, residentMb: each, heapMb: Number.NaN }));

describe("The memory of a soak", () => {
  it("is told by window: least, median and most", () => {
    const [first, second] = windowsOf(samplesOf([9, 1, 5, 4, 4, 7]), 300);
    expect(first).to.deep.include({ fromSeconds: 0, residentMb: { min: 1, median: 5, max: 9 } });
    expect(second).to.deep.include({ fromSeconds: 300, residentMb: { min: 4, median: 4, max: 7 } });
  });

  it("is flat when the last median is at most a tenth above the second window's, whatever the first one was", () => {
    const flatAt = (last: number) => isFlat(windowsOf(samplesOf([10, 10, 10, 100, 100, 100, last, last, last]), 300));
    expect([flatAt(60), flatAt(110), flatAt(111)]).to.deep.equal([true, true, false]);
  });

  it("is not judged flat by one window", () => {
    expect(isFlat(windowsOf(samplesOf([10, 10]), 300))).to.equal(false);
  });
});

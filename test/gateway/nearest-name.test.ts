import { expect } from "chai";
import { didYouMean, nearestName } from "../../gateway/nearest-name.ts";

describe("the nearest known name", () => {
  const known = ["listen", "domains", "authentication"];
  const rows = [
    { typed: "listen", nearest: "listen" },
    { typed: "lisen", nearest: "listen" },
    { typed: "LISTEN", nearest: "listen" },
    { typed: "domain", nearest: "domains" },
    { typed: "authentification", nearest: "authentication" },
    { typed: "port", nearest: undefined },
    { typed: "", nearest: undefined },
    { typed: "x".repeat(100_000), nearest: undefined },
  ];
  for (const { typed, nearest } of rows) {
    it(`to ${JSON.stringify(typed.slice(0, 20))} is ${nearest}`, () => {
      expect(nearestName(typed, known)).to.equal(nearest);
    });
  }

  it("is offered in words, or not at all", () => {
    expect(didYouMean("lisen", known)).to.equal(' (did you mean "listen"?)');
    expect(didYouMean("port", known)).to.equal("");
  });
});

import { expect } from "chai";
import { Generations } from "../../../gateway/delivery/generations.ts";
import { FakeClock } from "../../sip/fake-clock.ts";

function setUp(size = 3) {
  const clock = new FakeClock();
  return { clock, generations: new Generations<number>({ clock, size, keepMs: 1_000 }) };
}

describe("a memory of two generations", () => {
  it("keeps a value for its time, which begins anew when it is set again", () => {
    const { clock, generations } = setUp();
    generations.set("a", 1);
    clock.advance(999);
    expect(generations.get("a")).to.equal(1);
    generations.set("a", 2);
    clock.advance(999);
    expect(generations.get("a")).to.equal(2);
    clock.advance(1);
    expect(generations.get("a")).to.equal(undefined);
  });

  it("keeps the latest of one generation at the least, of two at the most", () => {
    const { generations } = setUp(3);
    const names = ["a", "b", "c", "d", "e", "f", "g"];
    for (const [index, name] of names.entries()) generations.set(name, index);
    expect(names.filter((name) => generations.get(name) !== undefined)).to.deep.equal(["d", "e", "f", "g"]);
  });

  it("a value that came in quiet times is not lost with the generation before it", () => {
    const { clock, generations } = setUp();
    generations.set("a", 1);
    clock.advance(900);
    generations.set("b", 2);
    clock.advance(200);
    generations.set("c", 3);
    expect(["a", "b", "c"].map((name) => generations.get(name))).to.deep.equal([undefined, 2, 3]);
  });

  it("forgets in both what is deleted", () => {
    const { generations } = setUp(1);
    generations.set("a", 1);
    generations.set("b", 2);
    generations.delete("a");
    generations.delete("b");
    generations.delete("c");
    expect(["a", "b"].map((name) => generations.get(name))).to.deep.equal([undefined, undefined]);
  });
});

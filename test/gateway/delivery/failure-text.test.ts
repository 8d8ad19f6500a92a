import { expect } from "chai";
import { detailOf, type FailedIms, failedImsOf, joined, quoteOf } from "../../../gateway/delivery/failure-text.ts";

const FAMILY = "👨‍👩‍👧‍👦";

function ims(...failed: readonly (readonly [reason: string, quote: string])[]): FailedIms {
  const all = failed.map(([reason, quote], n) => failedImsOf({ reason, quote, at: new Date(n) }));
  return all.reduce(joined);
}

describe("the quote of a failed IM", () => {
  it("is the whole text up to 60 characters", () => {
    expect(quoteOf("")).to.equal("“”");
    expect(quoteOf("Wherefore art thou?")).to.equal("“Wherefore art thou?”");
    expect(quoteOf("x".repeat(60))).to.equal(`“${"x".repeat(60)}”`);
  });

  it("is cut behind the 60th character as people count them", () => {
    expect(quoteOf("x".repeat(61))).to.equal(`“${"x".repeat(60)}…”`);
    expect(quoteOf(FAMILY.repeat(60))).to.equal(`“${FAMILY.repeat(60)}”`);
    expect(quoteOf(FAMILY.repeat(61))).to.equal(`“${FAMILY.repeat(60)}…”`);
  });

  it("is bounded for characters without end, and never ends in half of one", () => {
    const zalgo = `ab${"\u0301".repeat(100_000)}`;
    expect(quoteOf(zalgo)).to.equal("“a…”");
    const pairs = `x${"😀".repeat(30)}${FAMILY.repeat(200)}`;
    expect(quoteOf(pairs)).to.not.match(/\p{Surrogate}/u);
    expect(quoteOf(`${"e\u0301\u0301\u0301".repeat(400)}`)).to.match(/^“(?:e\u0301{3}){60}…”$/);
  });
});

describe("the text about failed IMs", () => {
  it("names the reason and the IM when it is one", () => {
    expect(detailOf(ims(["Not Found", "hello"]))).to.equal("Not Found “hello”");
  });

  it("counts several, with the first and the last", () => {
    expect(detailOf(ims(["Not Found", "one"], ["Not Found", "two"], ["Not Found", "three"]))).to.equal(
      "3 messages could not be delivered (Not Found). The first: “one”, the last: “three”",
    );
  });

  it("names the commonest of several reasons", () => {
    expect(detailOf(ims(["Gone", "1"], ["Not Found", "2"], ["Not Found", "3"], ["Busy", "4"]))).to.equal(
      "4 messages could not be delivered (Not Found, and other reasons). The first: “1”, the last: “4”",
    );
  });

  it("keeps few reasons and still counts all messages", () => {
    const many = ims(...Array.from({ length: 100 }, (_, n) => [`reason ${n}`, String(n)] as const));
    expect(many.reasons.size).to.equal(8);
    expect(detailOf(many)).to.match(/^100 messages .+, and other reasons\)\. The first: “0”, the last: “99”$/);
  });

  it("bears the time of the last failure", () => {
    expect(ims(["x", "1"], ["x", "2"], ["x", "3"]).lastAt).to.deep.equal(new Date(2));
  });
});

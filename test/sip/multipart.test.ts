import { expect } from "chai";
import { MULTIPART_LIMITS, parseMultipart } from "../../sip/multipart.ts";

function partsOf(text: string, boundary: string | undefined = "b"): readonly string[] | string {
  const parts = parseMultipart(Buffer.from(text, "latin1"), boundary);
  if (!parts.ok) return parts.why;
  return parts.value.map(({ headers, body }) => {
    const fields = headers.entries().map(([name, value]) => `${name}=${value}`);
    return `${fields.join("&")}|${body.toString("latin1")}`;
  });
}

describe("RFC 2046 §5.1.1: the example", () => {
  const EXAMPLE = [
    "This is the preamble.  It is to be ignored, though it",
    "is a handy place for composition agents to include an",
    "explanatory note to non-MIME conformant readers.",
    "",
    "--simple boundary",
    "",
    "This is implicitly typed plain US-ASCII text.",
    "It does NOT end with a linebreak.",
    "--simple boundary",
    "Content-type: text/plain; charset=us-ascii",
    "",
    "This is explicitly typed plain US-ASCII text.",
    "It DOES end with a linebreak.",
    "",
    "--simple boundary--",
    "",
    "This is the epilogue.  It is also to be ignored.",
  ];
  for (const [name, lineBreak] of [
    ["CRLF", "\r\n"],
    ["LF alone", "\n"],
  ] as const) {
    it(`has two parts, with ${name}`, () => {
      expect(partsOf(EXAMPLE.join(lineBreak), "simple boundary")).to.deep.equal([
        `|This is implicitly typed plain US-ASCII text.${lineBreak}It does NOT end with a linebreak.`,
        "Content-type=text/plain; charset=us-ascii|" +
          `This is explicitly typed plain US-ASCII text.${lineBreak}It DOES end with a linebreak.${lineBreak}`,
      ]);
    });
  }
});

describe("RFC 2046 §5.1: forms that peers write", () => {
  for (const [name, text, expected] of [
    ["no preamble, no line break after the end", "--b\r\n\r\nx\r\n--b--", ["|x"]],
    ["padding after the boundary", "--b \t\r\n\r\nx\r\n--b-- \r\n", ["|x"]],
    ["a missing end", "--b\r\n\r\nx\r\n--b\r\n\r\ny", ["|x", "|y"]],
    ["an empty part", "--b\r\n\r\n\r\n--b--", ["|"]],
    ["a part of headers alone", "--b\r\nA: 1\r\n--b--", ["A=1|"]],
    ["folded headers", "--b\r\nA: 1;\r\n\t2\r\n\r\nx\r\n--b--", ["A=1; 2|x"]],
    ["a longer word in the text that begins like the boundary", "--b\r\n\r\nx\r\n--bc\r\n--b--", ["|x\r\n--bc"]],
    ["the boundary within a line", "--b\r\n\r\nx --b\r\n--b--", ["|x --b"]],
    ["bytes", "--b\r\n\r\n\0\xff\r\n--b--", ["|\0\xff"]],
  ] as const) {
    it(name, () => expect(partsOf(text)).to.deep.equal(expected));
  }

  it("the longest boundary, with every sign that it may have", () => {
    const boundary = `${"'()+_,-./:=? ".repeat(5)}abcde`;
    expect(boundary).to.have.length(70);
    expect(partsOf(`--${boundary}\r\n\r\nx\r\n--${boundary}--`, boundary)).to.deep.equal(["|x"]);
  });

  for (const [name, text, boundary, why] of [
    ["no boundary", "--b\r\n\r\nx", "", "a multipart body without boundary"],
    ["a boundary of 71 characters", "x", "b".repeat(71), "the boundary is too long"],
    ["no part", "--c\r\n\r\nx", "b", "a multipart body without parts"],
    ["only the end", "--b--\r\n", "b", "a multipart body without parts"],
    ["a header that is none", "--b\r\nwhat\r\n\r\nx\r\n--b--", "b", "a part's header is malformed"],
    ["too many parts", "--b\r\n\r\n\r\n".repeat(MULTIPART_LIMITS.maxParts + 1), "b", "too many parts"],
    [
      "too many headers",
      `--b\r\n${"A: 1\r\n".repeat(MULTIPART_LIMITS.maxHeaders + 1)}\r\nx`,
      "b",
      "too many headers in a part",
    ],
  ] as const) {
    it(`refused: ${name}`, () => expect(partsOf(text, boundary)).to.equal(why));
  }
});

import { expect } from "chai";
import { formatDuration, formatFacts, formatTable, formatTime } from "../../cli/table.ts";

describe("tables for people", () => {
  const columns = [
    { title: "NAME", cell: ([name]: readonly [string, number]) => name },
    { title: "N", cell: ([, count]: readonly [string, number]) => count, align: "right" as const },
  ];

  it("align their columns, numbers to the right", () => {
    const rows = [
      ["a", 5],
      ["long", 1234],
      ["wörter", 12],
    ] as const;
    expect(formatTable(columns, rows)).to.equal("NAME       N\na          5\nlong    1234\nwörter    12");
  });

  it("have their titles when there are no rows", () => expect(formatTable(columns, [])).to.equal("NAME  N"));

  it("have no title row for facts", () => {
    expect(
      formatFacts([
        ["users", 2],
        ["memory", "64 MiB"],
      ]),
    ).to.equal("users   2\nmemory  64 MiB");
  });

  it("do not let text from the network steer the terminal", () => {
    const text = formatFacts([["jid", "x\u001b[2J\nforged  row\u202e@xmpp.test"]]);
    expect(text).to.equal("jid  x\ufffd[2J\ufffdforged  row\ufffd@xmpp.test");
  });

  it("show times in UTC", () => expect(formatTime(90_061_000)).to.equal("1970-01-02 01:01:01"));

  const durations = [
    { seconds: 0, text: "0 s" },
    { seconds: 59.9, text: "59 s" },
    { seconds: 60, text: "1 min" },
    { seconds: 3_725, text: "1 h 2 min" },
    { seconds: 3_605, text: "1 h" },
    { seconds: 90_061, text: "1 d 1 h" },
    { seconds: -5, text: "0 s" },
  ];
  for (const { seconds, text } of durations) {
    it(`show ${seconds} seconds as ${text}`, () => expect(formatDuration(seconds)).to.equal(text));
  }
});

import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";
import { readSources } from "./source-files.ts";

interface Row {
  readonly clause: string;
  readonly state: string;
  readonly files: readonly string[];
  readonly tests: readonly string[];
}

/** Rows `| clause | state | file | test |`; a cell may name several files, or none with a dash. */
function rowsOf(markdown: string): readonly Row[] {
  return markdown
    .split("\n")
    .filter((line) => /^\|\s*(RFC|XEP|draft|UTS|PRECIS)/.test(line))
    .map((line) => line.split("|").slice(1, -1))
    .map(([clause = "", state = "", files = "", tests = ""]) => ({
      clause: clause.trim(),
      state: state.trim(),
      files: pathsIn(files),
      tests: pathsIn(tests),
    }));
}

function pathsIn(cell: string): readonly string[] {
  return cell.match(/[\w@.-]+(?:\/[\w@.-]+)+/g) ?? [];
}

/** Documents named in a text, in one spelling: "RFC 3261", "XEP-0184". */
function documentsIn(text: string): readonly string[] {
  const rfcs = [...text.matchAll(/\bRFC[ -]?(\d{3,4})\b/g)].map((match) => `RFC ${match[1]}`);
  const xeps = [...text.matchAll(/\bXEP[ -]?(\d{4})\b/g)].map((match) => `XEP-${match[1]}`);
  return [...rfcs, ...xeps];
}

describe("docs/STANDARDS.md", () => {
  let rows: readonly Row[];
  before(() => {
    rows = rowsOf(readFileSync("docs/STANDARDS.md", "utf8"));
  });

  it("has rows of four cells, each with a state", () => {
    expect(rows).not.to.have.length(0);
    expect(rows.filter((row) => row.state === "").map((row) => row.clause)).to.deep.equal([]);
  });

  it("names only files that exist", () => {
    const named = rows.flatMap((row) => [...row.files, ...row.tests]);
    expect(named).not.to.have.length(0);
    expect([...new Set(named)].filter((path) => !existsSync(path))).to.deep.equal([]);
  });

  it("names a file and a test for everything that it calls done", () => {
    const done = rows.filter((row) => row.state === "done");
    expect(
      done.filter((row) => row.files.length === 0 || row.tests.length === 0).map((row) => row.clause),
    ).to.deep.equal([]);
  });

  it("names tests under test/ and nowhere else", () => {
    expect(rows.flatMap((row) => row.tests).filter((path) => !path.startsWith("test/"))).to.deep.equal([]);
    expect(rows.flatMap((row) => row.files).filter((path) => path.startsWith("test/"))).to.deep.equal([]);
  });

  it("has a row for every RFC and XEP that the code mentions", () => {
    const code = readSources(["gateway", "sip", "xmpp", "store", "cli", "web", "start"], [".ts"]);
    const listed = new Set(rows.flatMap((row) => documentsIn(row.clause)));
    const unlisted = code.flatMap((file) =>
      documentsIn(file.text)
        .filter((document) => !listed.has(document))
        .map((document) => `${document} in ${file.path}`),
    );
    expect([...new Set(unlisted)]).to.deep.equal([]);
  });
});

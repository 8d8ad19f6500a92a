import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path/posix";
import { expect } from "chai";
import { readSources, rooms, type SourceFile } from "./source-files.ts";

interface ImportRule {
  readonly importer: string; // a file, or a folder with its slash; the longest that fits counts
  readonly may: readonly string[]; // files and folders of this repository
}

/** The rooms and what each may know. A folder without a row may import nothing of ours. */
const importRules: readonly ImportRule[] = [
  { importer: "sip/", may: ["sip/"] },
  { importer: "xmpp/", may: ["xmpp/"] },
  { importer: "store/", may: ["store/"] },
  { importer: "gateway/", may: ["gateway/", "sip/", "xmpp/", "store/"] },
  { importer: "gateway/mapping/", may: ["gateway/mapping/", "sip/", "xmpp/"] },
  { importer: "cli/", may: ["cli/", "gateway/control/", "gateway/config.ts"] },
  { importer: "cli/commands/serve.ts", may: ["cli/", "gateway/control/", "gateway/config.ts", "gateway/main.ts"] },
  { importer: "web/", may: ["web/", "gateway/control/", "gateway/config.ts"] },
  { importer: "start/", may: ["start/", "gateway/control/", "gateway/config.ts", "sip/", "xmpp/"] },
  { importer: "bench/", may: ["bench/", "gateway/", "sip/", "xmpp/", "store/"] },
  { importer: "test/", may: ["test/", "bench/", "cli/", "gateway/", "sip/", "start/", "store/", "xmpp/"] },
];

const ioModules = /^node:(fs|net|tls|dgram|http|https|dns|child_process|worker_threads|timers)(\/|$)/;
const maxLines = 350; // a file of one idea fits on a few screens

const files = readSources(rooms, [".ts"]);
const known = new Set(files.map((file) => file.path));

/** Specifiers of every import, `export … from`, dynamic import and import type of a file. */
function specifiersOf(text: string): readonly string[] {
  const statement = /^\s*(?:import|export)\b[^;"'`]*?\bfrom\s*["']([^"']+)["']/gm;
  const sideEffect = /^\s*import\s*["']([^"']+)["']/gm;
  const dynamic = /\bimport\(\s*["'`]([^"'`]+)["'`]/g;
  return [statement, sideEffect, dynamic].flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => match[1] ?? ""),
  );
}

/** Imports of our own files as paths relative to the repository. */
function importsOf(file: SourceFile): readonly string[] {
  return specifiersOf(file.text)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => join(dirname(file.path), specifier));
}

function matches(path: string, fileOrFolder: string): boolean {
  return fileOrFolder.endsWith("/") ? path.startsWith(fileOrFolder) : path === fileOrFolder;
}

function allowedImports(importer: string): readonly string[] {
  const fitting = importRules.filter((rule) => matches(importer, rule.importer));
  const closest = fitting.sort((a, b) => b.importer.length - a.importer.length)[0];
  return closest?.may ?? [];
}

function forbiddenImports(file: SourceFile): readonly string[] {
  const allowed = allowedImports(file.path);
  return importsOf(file)
    .filter((imported) => !allowed.some((entry) => matches(imported, entry)))
    .map((imported) => `${file.path} -> ${imported}`);
}

/** Every file that can be reached again from itself, with the way. */
function cyclesIn(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    const start = way.indexOf(path);
    if (start >= 0) cycles.push([...way.slice(start), path].join(" -> "));
    if (start >= 0 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...way, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return cycles;
}

function isBarrel(text: string): boolean {
  const statements = text
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")
    .split(/;\s*(?:\n|$)/)
    .map((each) => each.trim());
  const written = statements.filter((each) => each !== "");
  return written.length > 0 && written.every((each) => /^export\b[^;]*\bfrom\s*["']/.test(each));
}

describe("the import rules of docs/ARCHITECTURE.md", () => {
  it("are checked on every room that has files", () => {
    for (const room of ["gateway/", "sip/", "xmpp/", "store/", "cli/", "start/", "test/"]) {
      expect(
        files.filter((file) => file.path.startsWith(room)),
        room,
      ).not.to.have.length(0);
    }
  });

  it("name every room", () => {
    expect(files.filter((file) => allowedImports(file.path).length === 0).map((file) => file.path)).to.deep.equal([]);
  });

  it("see each kind of import", () => {
    const statements = [
      'import { a } from "./source-files.ts";',
      'import {\n  type A,\n  b,\n} from "./source-files.ts";',
      'import type { A } from "./source-files.ts";',
      'import "./source-files.ts";',
      'export { a } from "./source-files.ts";',
      'const a = await import("./source-files.ts");',
      'type A = import("./source-files.ts").A;',
    ];
    for (const statement of statements) expect(specifiersOf(statement), statement).to.deep.equal(["./source-files.ts"]);
  });

  it("find a planted violation", () => {
    const planted = { path: "xmpp/planted.ts", text: 'import { parseUri } from "../sip/uri.ts";' };
    expect(forbiddenImports(planted)).to.deep.equal(["xmpp/planted.ts -> sip/uri.ts"]);
  });

  it("let no room know another that it must not know", () => {
    expect(files.flatMap(forbiddenImports)).to.deep.equal([]);
  });

  it("let every import name a file that exists", () => {
    const dead = files.flatMap((file) =>
      importsOf(file)
        .filter((path) => !known.has(path))
        .map((path) => `${file.path} -> ${path}`),
    );
    expect(dead).to.deep.equal([]);
  });

  it("keep input and output out of gateway/mapping", () => {
    const mapping = files.filter((file) => file.path.startsWith("gateway/mapping/"));
    expect(mapping).not.to.have.length(0);
    const io = mapping.flatMap((file) => specifiersOf(file.text).filter((specifier) => ioModules.test(specifier)));
    expect(io).to.deep.equal([]);
  });

  it("find a planted cycle", () => {
    const graph = new Map([
      ["a.ts", ["b.ts"]],
      ["b.ts", ["c.ts"]],
      ["c.ts", ["b.ts"]],
    ]);
    expect(cyclesIn(graph)).to.deep.equal(["b.ts -> c.ts -> b.ts"]);
  });

  it("leave no cycle, not even of types", () => {
    expect(cyclesIn(new Map(files.map((file) => [file.path, importsOf(file)])))).to.deep.equal([]);
  });
});

describe("the shape of the source tree", () => {
  const allCode = readSources(rooms, [".ts", ".mjs", ".py"]);
  const paths = allCode.map((file) => file.path);

  it("has no barrel files", () => {
    expect(isBarrel('export { a } from "./a.ts";\nexport type { B } from "./b.ts";\n')).to.equal(true);
    expect(allCode.filter((file) => /^index\./.test(basename(file.path)) || isBarrel(file.text))).to.deep.equal([]);
  });

  it("has no drawer for odds and ends", () => {
    const drawers = /^(src|lib|utils?|helpers?|common|misc)(\.\w+)?$/;
    expect(paths.filter((path) => path.split("/").some((part) => drawers.test(part)))).to.deep.equal([]);
  });

  it("has no manager and no service", () => {
    expect(paths.filter((path) => /manager|service/i.test(basename(path)))).to.deep.equal([]);
  });

  it(`has no file of more than ${maxLines} lines`, () => {
    const long = allCode.filter((file) => file.text.split("\n").length - 1 > maxLines).map((file) => file.path);
    expect(long).to.deep.equal([]);
  });

  it("has no default export", () => {
    const ours = files.filter((file) => !file.path.endsWith(".d.ts"));
    expect(ours.filter((file) => /^export default\b/m.test(file.text)).map((file) => file.path)).to.deep.equal([]);
  });

  it("names no folder of a developer's machine", () => {
    const endings = [".ts", ".mjs", ".py", ".md", ".json", ".yaml", ".yml", ".xml", ".service", ".ci/run"];
    const texts = [...readSources([...rooms, "docs", "systemd", ".ci"], endings), ...rootFiles(endings)];
    const personal = /\/(work|root|home\/\w+|Users\/\w+)\//;
    expect(texts.filter((file) => personal.test(file.text)).map((file) => file.path)).to.deep.equal([]);
  });
});

function rootFiles(endings: readonly string[]): readonly SourceFile[] {
  return readdirSync(".")
    .filter((name) => endings.some((ending) => name.endsWith(ending)) && name !== "package-lock.json")
    .map((name) => ({ path: name, text: readFileSync(name, "utf8") }));
}

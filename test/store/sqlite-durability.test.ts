import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { openStore } from "../../store/open.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A process that writes rows to the file without end. */
function startWriter(path: string): ChildProcess {
  const script = fileURLToPath(new URL(`./write-until-killed${extname(import.meta.url)}`, import.meta.url));
  return spawn(process.execPath, [script, path], { stdio: ["ignore", "pipe", "inherit"] });
}

/** The ids that a writer told before it was killed, once it has told `enough`. */
async function killedAfter(enough: number, writer: ChildProcess): Promise<readonly string[]> {
  let told = "";
  writer.stdout?.setEncoding("utf8").on("data", (text: string) => {
    told += text;
    if (told.split("\n").length > enough) writer.kill("SIGKILL");
  });
  const [, signal] = await once(writer, "close");
  expect(signal).equal("SIGKILL");
  return told.split("\n").slice(0, -1); // the last line may be cut
}

describe("SQLite store: another process", () => {
  const file = temporaryFolder();

  it("kill -9: every row whose promise had resolved is there, in order, and the file opens at once", async () => {
    const path = file("parley.db");
    const told = await killedAfter(100, startWriter(path));
    const store = await openStore(`sqlite:${path}`);
    const kept = (await store.journal.list({})).map(({ id }) => id);
    await store.close();
    expect(told.length).least(100);
    expect(kept.slice(0, told.length)).deep.equal(told);
    expect(kept).deep.equal([...kept].sort());
  }).timeout(20_000);

  it("that holds the file is named as the reason, and its death frees the file", async () => {
    const path = file("parley.db");
    const writer = startWriter(path);
    if (writer.stdout === null) throw new Error("the writer has no output");
    await once(writer.stdout, "data");
    const refusal = await openStore(`sqlite:${path}`).catch((error: Error) => error.message);
    await killedAfter(0, writer);
    expect(refusal).match(/another process holds it.*SQLITE_BUSY/);
    await (await openStore(`sqlite:${path}`)).close();
  }).timeout(20_000);
});

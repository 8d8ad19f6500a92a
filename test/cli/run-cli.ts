import { spawn } from "node:child_process";
import { join } from "node:path";

export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The compiled program, beside the compiled tests. */
export const PROGRAM = join(import.meta.dirname, "../../cli/main.js");

/** Runs `parley` with these arguments, and this text on its standard input, to its end. */
export function runCli(args: readonly string[], { input = "", cwd = process.cwd() } = {}): Promise<CliRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { cwd });
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output.stderr += text;
    });
    child.stdin.on("error", () => {}); // a command that does not read its input may be gone already
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...output }));
    child.stdin.end(input);
  });
}

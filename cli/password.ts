import { createInterface, type Interface } from "node:readline";
import { type Readable, Writable } from "node:stream";

/** More than any password has: a wrong file piped in is not read to its end. */
const MAX_INPUT_BYTES = 64 * 1024;

export type ReadPassword =
  | { readonly ok: true; readonly password: string }
  | { readonly ok: false; readonly why: string };

/** Where the password comes from, and where it is asked for. */
export interface PasswordStreams {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly prompts: { write(text: string): unknown };
}

/** From a pipe: its text without the last line break. From a terminal: asked for twice, not shown. */
export function readPassword({ input, prompts }: PasswordStreams): Promise<ReadPassword> {
  return input.isTTY === true ? passwordFromTerminal({ input, prompts }) : passwordFromPipe(input);
}

async function passwordFromPipe(input: Readable): Promise<ReadPassword> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_INPUT_BYTES) return { ok: false, why: "what stands on standard input is too long for a password" };
  }
  const password = Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "");
  return password === "" ? { ok: false, why: "no password on standard input" } : { ok: true, password };
}

async function passwordFromTerminal({ input, prompts }: PasswordStreams): Promise<ReadPassword> {
  const unseen = new Writable({ write: (_chunk, _encoding, written) => written() });
  const lines = createInterface({ input, output: unseen, terminal: true, historySize: 0 });
  const ask = async (prompt: string) => {
    prompts.write(prompt);
    const line = await nextLine(lines);
    prompts.write("\n");
    return line;
  };
  const password = await ask("Password: ");
  const again = password ? await ask("Again: ") : undefined;
  lines.close();
  if (!password || again === undefined) return { ok: false, why: "no password given" };
  return again === password ? { ok: true, password } : { ok: false, why: "the two passwords differ" };
}

/** Undefined when the input ends or is interrupted. */
function nextLine(lines: Interface): Promise<string | undefined> {
  return new Promise((resolve) => {
    const settle = (line: string | undefined) => {
      lines.off("line", settle).off("close", interrupted).off("SIGINT", interrupted);
      resolve(line);
    };
    const interrupted = () => settle(undefined);
    lines.on("line", settle).on("close", interrupted).on("SIGINT", interrupted);
  });
}

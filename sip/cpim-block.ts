import { type Parsed, parsed, unparsed } from "./parsed.ts";

export const CPIM_LIMITS = {
  maxHeadBytes: 8192, // both header blocks; Linphone's take 400 bytes
  maxHeaders: 64, // in each block
} as const;

/** Header lines, unfolded, and the position after the empty line that ends them. */
export interface CpimBlock {
  readonly lines: readonly string[];
  readonly next: number;
}

/** Reads lines up to an empty one, ended by CRLF or LF alone; unparsed when there is no empty line. */
export function readBlock(text: string, from: number): Parsed<CpimBlock> {
  const lines: string[] = [];
  let at = from;
  for (let end = text.indexOf("\n", at); end >= 0; end = text.indexOf("\n", at)) {
    const line = text.slice(at, text[end - 1] === "\r" && end > at ? end - 1 : end);
    at = end + 1;
    if (line === "") return parsed({ lines, next: at });
    const isFolded = /^[ \t]/.test(line) && lines.length > 0;
    if (isFolded) lines.push(`${lines.pop() ?? ""} ${line.trim()}`);
    else lines.push(line);
  }
  return unparsed("no empty line");
}

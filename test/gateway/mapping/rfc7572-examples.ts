import { readFileSync } from "node:fs";

interface Example {
  readonly n: number;
  readonly text: string;
}

const { examples } = JSON.parse(readFileSync("test/vectors/interop/rfc7572-im.json", "utf8")) as {
  readonly examples: readonly Example[];
};

/** An example of RFC 7572 by its number, as the RFC prints it. */
export function rfc7572Example(n: number): string {
  const example = examples.find((each) => each.n === n);
  if (example === undefined) throw new Error(`no example ${n}`);
  return example.text;
}

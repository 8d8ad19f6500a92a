import { InvalidArgumentError } from "commander";

/** The value of an option such as `--limit`; the operation knows the range. */
export function parseCount(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

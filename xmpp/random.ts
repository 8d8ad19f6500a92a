import { randomBytes } from "node:crypto";

/** Randomness is passed in, so that tests know what comes. */
export interface Random {
  /** Uniform in 0 (included) to 1 (excluded). */
  fraction(): number;
  /** Unguessable text of at least 96 bits: letters, digits, "-" and "_" only. */
  token(): string;
}

export const systemRandom: Random = {
  fraction: () => Math.random(),
  token: () => randomBytes(12).toString("base64url"),
};

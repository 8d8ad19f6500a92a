import { randomInt } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

export interface Account {
  readonly address: string; // alice@sip.test, juliet@xmpp.test
  readonly password: string;
  /** Made on its server. It is not made a second time, so that an account removed by its owner stays away. */
  readonly made: boolean;
}

export interface Accounts {
  readonly sip: readonly Account[];
  readonly xmpp: readonly Account[];
}

/** The accounts of the first start, so that later starts can show them again. */
export function readAccounts(file: string): Accounts | undefined {
  if (!existsSync(file)) return undefined;
  const { sip, xmpp } = JSON.parse(readFileSync(file, "utf8")) as Partial<Accounts>;
  if (!Array.isArray(sip) || !Array.isArray(xmpp)) throw new Error(`${file} is not a list of accounts: move it away`);
  return { sip, xmpp };
}

/** Readable for its owner only; never half-written. */
export function writeAccounts(file: string, accounts: Accounts): void {
  const fresh = `${file}.new`;
  writeFileSync(fresh, `${JSON.stringify(accounts, null, 2)}\n`, { mode: 0o600 });
  renameSync(fresh, file);
}

export function newAccount(address: string): Account {
  return { address, password: newPassword(), made: false };
}

/** 59 bits in three groups to be typed by hand; nothing that looks like something else. */
export function newPassword(): string {
  const letters = "abcdefghjkmnpqrstuvwxyz23456789";
  const group = (): string => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join("");
  return [group(), group(), group()].join("-");
}

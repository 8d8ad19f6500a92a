import { z } from "zod";
import { ha1 } from "../../sip/digest.ts";
import { type Parsed, parsed, unparsed } from "../../sip/parsed.ts";
import type { UserRecord } from "../../store/port.ts";
import { parseAor } from "../mapping/address.ts";
import type { Appliance } from "./appliance.ts";
import { defineOperation, done, type Outcome, refused, textInput } from "./operation.ts";

/** No localpart is longer than 1023 bytes (RFC 7622 §3.3), no domain name than 255. */
const aorInput = textInput(1279);
/** Long enough for any generated password; what is hashed has a limit. */
const MAX_PASSWORD_CHARS = 255;
/** Refused by `passwordProblem` beyond its own limit; this one only bounds what is looked at. */
const passwordInput = textInput(4096);

/** A new or changed account. `username` is what the phone signs in as, in the realm of its domain. */
export interface UserChanged {
  readonly aor: string;
  readonly username: string;
}

/** `messages` is how many waited for that user; their senders are told that there is no such user. */
export interface UserRemoved {
  readonly aor: string;
  readonly messages: number;
}

export interface UserRow {
  readonly aor: string;
  readonly createdAt: number; // ms since the epoch
  readonly bindings: number;
}

export const userAdd = defineOperation({
  name: "user.add",
  summary: "Make a SIP account",
  changes: true,
  input: z.strictObject({ aor: aorInput, password: passwordInput }),
  run: async (appliance, { aor: typed, password }): Promise<Outcome<UserChanged>> => {
    const aor = accountName(appliance, typed, password);
    if (!aor.ok) return refused("invalid", aor.why);
    if ((await appliance.users.get(aor.value)) !== undefined) {
      return refused("exists", `${aor.value} exists already: give it a new password with user password ${aor.value}`);
    }
    const user = accountOf(aor.value, password, appliance.now());
    await appliance.users.put(user);
    return done(changed(aor.value), { what: aor.value, before: "no account", after: "account" });
  },
});

export const userPassword = defineOperation({
  name: "user.password",
  summary: "Give a SIP account a new password",
  changes: true,
  input: z.strictObject({ aor: aorInput, password: passwordInput }),
  run: async (appliance, { aor: typed, password }): Promise<Outcome<UserChanged>> => {
    const aor = accountName(appliance, typed, password);
    if (!aor.ok) return refused("invalid", aor.why);
    const known = await appliance.users.get(aor.value);
    if (known === undefined) return noSuchUser(aor.value);
    await appliance.users.put(accountOf(aor.value, password, known.createdAt));
    return done(changed(aor.value), { what: aor.value, before: "old password", after: "new password" });
  },
});

export const userRemove = defineOperation({
  name: "user.remove",
  summary: "Remove a SIP account, its bindings and the instant messages that wait for it; their senders are told",
  changes: true,
  input: z.strictObject({ aor: aorInput }),
  run: async (appliance, { aor: typed }): Promise<Outcome<UserRemoved>> => {
    const aor = parseAor(bare(typed));
    if (!aor.ok) return refused("invalid", aor.why);
    // The account goes first, so that no REGISTER can put a binding back in between.
    if (!(await appliance.users.remove(aor.value))) return noSuchUser(aor.value);
    await appliance.registrations.removeUser(aor.value);
    const messages = await appliance.messages.removeUser(aor.value);
    return done({ aor: aor.value, messages }, { what: aor.value, before: "account", after: "no account" });
  },
});

export const userList = defineOperation({
  name: "user.list",
  summary: "List the SIP accounts",
  input: z.strictObject({}),
  run: async ({ users, registrations }): Promise<Outcome<readonly UserRow[]>> => {
    const rows = (await users.list()).map(({ aor, createdAt }) => {
      return { aor, createdAt, bindings: registrations.bindingsOf(aor).length };
    });
    return done(rows.sort((a, b) => (a.aor < b.aor ? -1 : 1)));
  },
});

/** The canonical AOR of an account that may have this password. */
function accountName(appliance: Appliance, typed: string, password: string): Parsed<string> {
  const aor = localAor(appliance, typed);
  const problem = aor.ok ? passwordProblem(password) : undefined;
  return problem === undefined ? aor : unparsed(problem);
}

/** The canonical AOR of an account in one of our domains. */
function localAor({ config }: Appliance, typed: string): Parsed<string> {
  const aor = parseAor(bare(typed));
  if (!aor.ok) return unparsed(`${JSON.stringify(typed)} is no account name: ${aor.why}`);
  const domain = aor.value.slice(aor.value.lastIndexOf("@") + 1);
  if (config.sip.domains.includes(domain)) return parsed(aor.value);
  return unparsed(`${domain} is not a SIP domain of this gateway (sip.domains: ${config.sip.domains.join(", ")})`);
}

/** People copy addresses with their scheme. */
function bare(typed: string): string {
  return typed.replace(/^sip:/i, "");
}

function passwordProblem(password: string): string | undefined {
  const length = [...password].length;
  if (length < 1 || length > MAX_PASSWORD_CHARS) return `a password has 1 to ${MAX_PASSWORD_CHARS} characters`;
  if (/[\p{Cc}\p{Cs}]/u.test(password)) return "a password has printable characters only, on one line";
  return undefined;
}

/** The realm of an account is its domain; a phone may sign in with its user name or its whole address. RFC 7616 §3.4.2. */
function accountOf(aor: string, password: string, createdAt: number): UserRecord {
  const realm = aor.slice(aor.lastIndexOf("@") + 1);
  const named = { username: usernameOf(aor), realm, password };
  const addressed = { username: aor, realm, password };
  return {
    aor,
    realm,
    ha1Md5: ha1({ ...named, algorithm: "MD5" }),
    ha1Sha256: ha1({ ...named, algorithm: "SHA-256" }),
    ha1bMd5: ha1({ ...addressed, algorithm: "MD5" }),
    ha1bSha256: ha1({ ...addressed, algorithm: "SHA-256" }),
    createdAt,
  };
}

function usernameOf(aor: string): string {
  return aor.slice(0, aor.lastIndexOf("@"));
}

function changed(aor: string): UserChanged {
  return { aor, username: usernameOf(aor) };
}

function noSuchUser(aor: string): Outcome<never> {
  return refused("not-found", `there is no account ${aor}: user list shows those there are`);
}

import { createHash, createHmac, pbkdf2, randomUUID } from "node:crypto";
import { access, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join, parse } from "node:path";
import { promisify } from "node:util";
import { type BareJid, bareOf, prepareJid } from "../jid.ts";
import type { Parsed } from "../parsed.ts";
import { parsed, unparsed } from "../parsed.ts";
import { luaString, storeName } from "./prosody-text.ts";

/** Prosody's own default_iteration_count. */
const ITERATIONS = 10_000;
/** RFC 5802 §2.2 with SHA-1, which every client knows. */
const HASH = "sha1";
const HASH_BYTES = 20;
/** Hashing takes the password whole; nobody types more. */
const MAX_PASSWORD_LENGTH = 1024;

const deriveKey = promisify(pbkdf2);

/**
 * The accounts of a Prosody with `authentication = "internal_hashed"`, written as the SCRAM files that it reads at each
 * login. Not through prosodyctl: that wants a terminal for the password and, from Prosody 13 on, a running server; the
 * form of the files has been the same since 0.9. So no password is on disk or in a process list, and an account is
 * there whether the server runs or not.
 */
export class ProsodyAccounts {
  readonly #dataFolder: string;
  readonly #domains: readonly string[];

  constructor(dataFolder: string, domains: readonly string[]) {
    this.#dataFolder = dataFolder;
    this.#domains = domains;
  }

  /** Makes the account, or gives it a new password when it exists. */
  async add(localpart: string, domain: string, password: string): Promise<Parsed<BareJid>> {
    const file = this.#accountFile(localpart, domain);
    if (!file.ok) {
      return file;
    }
    const prepared = preparePassword(password);
    if (!prepared.ok) {
      return prepared;
    }
    const { folder, name, jid } = file.value;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const temporary = join(folder, `${randomUUID()}.new`);
    await writeFile(temporary, await scramAccount(prepared.value), { mode: 0o600 });
    await rename(temporary, join(folder, name));
    return parsed(jid);
  }

  async has(localpart: string, domain: string): Promise<boolean> {
    const file = this.#accountFile(localpart, domain);
    if (!file.ok) {
      return false;
    }
    return access(join(file.value.folder, file.value.name)).then(
      () => true,
      () => false,
    );
  }

  /** Removes the account with its roster, archive and all else; false when there was none. Sessions stay until they end. */
  async remove(localpart: string, domain: string): Promise<boolean> {
    const file = this.#accountFile(localpart, domain);
    if (!file.ok || !(await this.has(localpart, domain))) {
      return false;
    }
    const hostFolder = join(file.value.folder, "..");
    for (const store of await readdir(hostFolder)) {
      const folder = join(hostFolder, store);
      const files = await readdir(folder);
      const own = files.filter((each) => parse(each).name === parse(file.value.name).name);
      await Promise.all(own.map((each) => rm(join(folder, each), { force: true })));
    }
    return true;
  }

  #accountFile(localpart: string, domain: string): Parsed<AccountFile> {
    const jid = prepareJid({ local: localpart, domain });
    if (!jid.ok) {
      return jid;
    }
    const { local = "" } = jid.value;
    if (!this.#domains.includes(jid.value.domain)) {
      return unparsed(`${domain} is not a domain of this server`);
    }
    // Prosody prepares with RFC 3920's nodeprep: names on which the two disagree could never sign in.
    if (local.normalize("NFKC") !== local || /[ßς]/.test(local)) {
      return unparsed("the localpart has a character that this server would change");
    }
    const folder = join(this.#dataFolder, storeName(jid.value.domain), "accounts");
    return parsed({ folder, name: `${storeName(local)}.dat`, jid: bareOf(jid.value) });
  }
}

interface AccountFile {
  readonly folder: string;
  readonly name: string;
  readonly jid: BareJid;
}

/** RFC 4013: spaces mapped, NFKC, no controls. */
function preparePassword(password: string): Parsed<string> {
  const prepared = password.replace(/\p{Zs}/gu, " ").normalize("NFKC");
  if (prepared === "" || prepared.length > MAX_PASSWORD_LENGTH) {
    return unparsed(`a password has 1 to ${MAX_PASSWORD_LENGTH} characters`);
  }
  return /[\p{Cc}\p{Cs}]/u.test(prepared) ? unparsed("a password has no control characters") : parsed(prepared);
}

/** RFC 5802 §3: StoredKey and ServerKey, in the form of mod_auth_internal_hashed. */
async function scramAccount(password: string): Promise<string> {
  const salt = randomUUID();
  const salted = await deriveKey(password, salt, ITERATIONS, HASH_BYTES, HASH);
  const clientKey = createHmac(HASH, salted).update("Client Key").digest();
  const fields = {
    iteration_count: `${ITERATIONS}`,
    salt: luaString(salt),
    stored_key: luaString(createHash(HASH).update(clientKey).digest("hex")),
    server_key: luaString(createHmac(HASH, salted).update("Server Key").digest("hex")),
  };
  const lines = Object.entries(fields).map(([name, value]) => `\t[${luaString(name)}] = ${value};\n`);
  return `return {\n${lines.join("")}};\n`;
}

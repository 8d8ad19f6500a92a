import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { newAccount, newPassword, readAccounts, writeAccounts } from "../../start/accounts-file.ts";

describe("accounts.json", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "parley-test-start-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("is not there before the first start", () => {
    expect(readAccounts(join(folder, "accounts.json"))).to.equal(undefined);
  });

  it("gives back what was written, and only its owner may read it", () => {
    const file = join(folder, "accounts.json");
    const accounts = { sip: [newAccount("alice@sip.test")], xmpp: [newAccount("juliet@xmpp.test")] };
    writeAccounts(file, accounts);
    writeAccounts(file, accounts);
    expect(readAccounts(file)).to.deep.equal(accounts);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(readdirSync(folder)).to.deep.equal(["accounts.json"]);
  });

  it("is refused when it is something else", () => {
    const file = join(folder, "accounts.json");
    writeFileSync(file, "{}");
    expect(() => readAccounts(file)).to.throw(/move it away/);
  });

  it("has a fresh password for each account, without characters that look alike", () => {
    const passwords = Array.from({ length: 100 }, newPassword);
    expect(new Set(passwords).size).to.equal(100);
    for (const password of passwords) expect(password).to.match(/^[a-hj-km-np-z2-9]{4}(-[a-hj-km-np-z2-9]{4}){2}$/);
  });
});

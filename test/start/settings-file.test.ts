import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { loadConfig } from "../../gateway/config.ts";
import { ensureSettingsFile, settingsText } from "../../start/settings-file.ts";

describe("the settings that the first start writes", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "parley-test-start-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("pass the check of the gateway without a warning", () => {
    const file = join(folder, "parley.yaml");
    writeFileSync(file, settingsText({ sip: 5060, client: 5222, component: 5347 }));
    const loaded = loadConfig(file);
    expect(loaded).to.deep.include({ ok: true, warnings: [] });
  });

  it("name a private Prosody, both SIP transports and the ports that were free", () => {
    const file = join(folder, "parley.yaml");
    writeFileSync(file, settingsText({ sip: 5062, client: 5224, component: 5348 }));
    const loaded = loadConfig(file);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    expect(loaded.config.sip.listen).to.deep.equal([
      { protocol: "udp", address: "127.0.0.1", port: 5062 },
      { protocol: "tcp", address: "127.0.0.1", port: 5062 },
    ]);
    const managed = { directory: join(folder, "prosody"), clientPort: 5224, componentPort: 5348 };
    expect(loaded.config.xmpp).to.deep.include({ server: "managed", managed });
  });

  it("are written once, for their owner only", async () => {
    const file = join(folder, "var", "parley.yaml");
    expect(await ensureSettingsFile(file)).to.equal(true);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    writeFileSync(file, "# mine now\n");
    expect(await ensureSettingsFile(file)).to.equal(false);
    expect(readFileSync(file, "utf8")).to.equal("# mine now\n");
  });
});

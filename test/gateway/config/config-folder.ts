import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, formatProblem, type LoadedConfig, loadConfig } from "../../../gateway/config.ts";

/** A file without a mistake, key by key, so that a row of a table can replace one of them. */
const GOOD = {
  domains: "[sip.test]",
  listen: '["udp://127.0.0.1:5060", "tcp://[::1]:5060"]',
  authentication: "digest",
  trunks: "[]",
  server: '"xmpp://127.0.0.1:5347"',
  components: "[{ domain: sip.test, secretFile: component.secret }]",
  xmppDomains: "[xmpp.test]",
  store: '"sqlite:parley.db"',
  control: '"parley.sock"',
  level: "info",
  format: "json",
  sipMore: "",
  xmppMore: "",
  more: "",
};
export type Keys = typeof GOOD;

/** parley.yaml with these keys replaced. */
export function yamlOf(changes: Partial<Keys>): string {
  const keys = { ...GOOD, ...changes };
  return `
sip:
  domains: ${keys.domains}
  listen: ${keys.listen}
  authentication: ${keys.authentication}
  trunks: ${keys.trunks}
  ${keys.sipMore}
xmpp:
  server: ${keys.server}
  components: ${keys.components}
  domains: ${keys.xmppDomains}
  ${keys.xmppMore}
store: ${keys.store}
control: ${keys.control}
log: { level: ${keys.level}, format: ${keys.format} }
${keys.more}
`;
}

/** A folder with a configuration in it, for the length of a test. */
export class ConfigFolder {
  readonly path = mkdtempSync(join(tmpdir(), "parley-config-"));

  constructor() {
    this.write("component.secret", "s3cret\n");
  }

  write(name: string, text: string, mode = 0o600): string {
    const file = join(this.path, name);
    writeFileSync(file, text);
    chmodSync(file, mode);
    return file;
  }

  load(text: string, mode?: number): LoadedConfig {
    return loadConfig(this.write("parley.yaml", text, mode));
  }

  problemsOf(text: string): string[] {
    const loaded = this.load(text);
    return loaded.ok ? [] : loaded.problems.map(formatProblem);
  }

  configOf(text: string): Config {
    const loaded = this.load(text);
    if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join("\n"));
    return loaded.config;
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { type CliRun, runCli } from "../cli/run-cli.ts";
import { freePort } from "../peers/free-port.ts";
import { GatewayUnderTest } from "../peers/gateway.ts";
import { temporaryFolder } from "../peers/peer-process.ts";

interface Settings {
  readonly sip?: string; // further lines of the section, and in place of the usual ones
  readonly listen?: string;
  readonly more?: string; // further lines of the file
}

describe("`parley serve` that cannot start says why and ends", () => {
  let folder: string;
  let port: number;

  beforeEach(async () => {
    folder = temporaryFolder("startup");
    port = await freePort();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function serve({
    listen = `"udp://127.0.0.1:${port}", "tcp://127.0.0.1:${port}"`,
    sip = "",
    more = "",
  }: Settings): Promise<CliRun> {
    const file = join(folder, "parley.yaml");
    const text = `
sip:
  domains: [sip.test]
  listen: [${listen}]
${sip}
xmpp:
  server: "xmpp://127.0.0.1:${port}"
  components: [{ domain: sip.test, secret: "secret" }]
  domains: [xmpp.test]
${more}
`;
    writeFileSync(file, text, { mode: 0o600 });
    return runCli(["serve", "--config", file]);
  }

  it("a port in use: exit 1, the listener is named", async () => {
    const taken = await listening(port);
    const { code, stdout, stderr } = await serve({});
    await new Promise((resolve) => taken.close(resolve));
    expect(code).to.equal(1);
    expect(stdout).to.equal("");
    expect(stderr).to.match(new RegExp(`tcp://127\\.0\\.0\\.1:${port}.*in use`));
  });

  it("an address that is none of this machine: exit 1, the listener is named", async () => {
    const { code, stderr } = await serve({ listen: `"udp://192.0.2.1:${port}"` });
    expect(code).to.equal(1);
    expect(stderr).to.contain(`udp://192.0.2.1:${port}`);
  });

  it("an unknown key: exit 2, its path, and the key that may have been meant", async () => {
    const { code, stderr } = await serve({ sip: "  athentication: none" });
    expect(code).to.equal(2);
    expect(stderr).to.match(/^sip\.athentication: .*did you mean "authentication"\?/m);
  });

  it("several mistakes: exit 2, all of them at once, each with its path", async () => {
    const { code, stderr } = await serve({
      listen: '"udp://localhost", "sctp://127.0.0.1"',
      sip: "  authentication: diggest",
      more: 'store: "postgres://db"\nlogs: { level: info }',
    });
    expect(code).to.equal(2);
    const paths = stderr
      .trimEnd()
      .split("\n")
      .map((line) => line.slice(0, line.indexOf(":")));
    expect(paths).to.have.members(["sip.listen[0]", "sip.listen[1]", "sip.authentication", "store", "logs"]);
    expect(stderr).to.contain('did you mean "digest"?');
    expect(stderr).to.contain('did you mean "log"?');
  });

  it("no configuration file: exit 2, its path", async () => {
    const file = join(folder, "nowhere.yaml");
    const { code, stderr } = await runCli(["serve", "--config", file]);
    expect(code).to.equal(2);
    expect(stderr).to.contain(file).and.to.contain("ENOENT");
  });

  it("a file that is no YAML: exit 2, line and column", async () => {
    const { code, stderr } = await serve({ more: "log: { level: [" });
    expect(code).to.equal(2);
    expect(stderr).to.match(/^line \d+, column \d+: /m);
  });

  it("`authentication: none` with a listener that others can reach: exit 2", async () => {
    const { code, stderr } = await serve({ sip: "  authentication: none", listen: `"udp://0.0.0.0:${port}"` });
    expect(code).to.equal(2);
    expect(stderr).to.match(/^sip\.authentication: .*loopback.*0\.0\.0\.0/m);
  });

  it("a store that is a file of something else: exit 1, the file is named and left as it is", async () => {
    const file = join(folder, "parley.db");
    writeFileSync(file, "Dear diary");
    const { code, stderr } = await serve({});
    expect(code).to.equal(1);
    expect(stderr).to.contain(`store ${file}: it is not an SQLite database`);
    expect(readFileSync(file, "utf8")).to.equal("Dear diary");
  });

  it("a second gateway on the same store: exit 1, and the first one goes on", async () => {
    const first = await GatewayUnderTest.launch({ componentPort: port });
    try {
      await first.process.untilOutput(/gateway started/);
      const store = join(first.folder, "parley.db");
      const { code, stderr } = await serve({ more: `store: "sqlite:${store}"` });
      expect(code).to.equal(1);
      expect(stderr).to.contain(`store ${store}: another process holds it`);
      expect((await first.cli(["status"])).code).to.equal(0);
    } finally {
      await first.stop();
    }
  });

  it("a second gateway on the same control socket: exit 1, and the first one goes on", async () => {
    const first = await GatewayUnderTest.launch({ componentPort: port });
    try {
      await first.process.untilOutput(/gateway started/);
      const socket = join(first.folder, "parley.sock");
      const { code, stderr } = await serve({ more: `control: "${socket}"` });
      expect(code).to.equal(1);
      expect(stderr).to.contain(`control socket ${socket}: another Parley answers there`);
      expect((await first.cli(["status"])).code).to.equal(0);
    } finally {
      await first.stop();
    }
  });
});

function listening(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}

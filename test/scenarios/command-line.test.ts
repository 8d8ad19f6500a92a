import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { DOCUMENTS } from "../../gateway/control/docs.ts";
import { type ControlServer, startControlServer } from "../../gateway/control/server.ts";
import { type CliRun, runCli } from "../cli/run-cli.ts";
import { type FakeAppliance, fakeAppliance } from "../gateway/control/fake-appliance.ts";
import { logLines } from "../gateway/log-lines.ts";

const GOOD = `
sip: { domains: [sip.test], listen: ["udp://127.0.0.1:5060"] }
xmpp: { server: managed, components: [{ domain: sip.test }], domains: [xmpp.test] }
control: run.sock
`;

describe("parley on the command line", function () {
  this.timeout(20_000); // each test starts at least one process

  let directory: string;
  let configFile: string;

  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), "parley-cli-")));
    configFile = join(directory, "parley.yaml");
    writeFileSync(configFile, GOOD, { mode: 0o600 });
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  function parley(...args: readonly string[]): Promise<CliRun> {
    return runCli([...args, "--config", configFile]);
  }

  describe("without a daemon", () => {
    it("prints its version", async () => {
      const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
      expect(await runCli(["--version"])).to.deep.equal({ code: 0, stdout: `${version}\n`, stderr: "" });
    });

    it("prints help with every command but the hidden one", async () => {
      const { code, stdout } = await runCli(["--help"]);
      expect(code).to.equal(0);
      for (const name of ["serve", "check-config", "status", "user", "param", "conversation", "message"]) {
        expect(stdout).to.match(new RegExp(`^  ${name}\\b`, "m"));
      }
      expect(stdout).not.to.match(/^ {2}docs\b/m);
    });

    const misuses = [
      { args: ["statsu"], says: "Did you mean status?" },
      { args: ["user", "lst"], says: "Did you mean list?" },
      { args: ["user", "add"], says: "missing required argument" },
      { args: ["user", "remove", "a@sip.test", "b@sip.test"], says: "too many arguments" },
      { args: ["status", "--jsno"], says: "Did you mean --json?" },
      { args: ["conversation", "list", "--limit", "some"], says: "It must be a whole number." },
      { args: ["message", "list", "--limit", "1e3"], says: "It must be a whole number." },
      { args: ["message", "list", "--state", "store"], says: '(did you mean "stored"?)' },
      { args: ["message", "list", "--state", "lost"], says: "accepted, handed-over, stored, confirmed, failed" },
      { args: ["message", "drop"], says: "missing required argument" },
      { args: [], says: "Usage: parley" },
      { args: ["user"], says: "Usage: parley user" },
    ];
    for (const { args, says } of misuses) {
      it(`exits 2 on "parley ${args.join(" ")}" and says: ${says}`, async () => {
        const { code, stdout, stderr } = await runCli(args);
        expect({ code, stdout }).to.deep.equal({ code: 2, stdout: "" });
        expect(stderr).to.contain(says);
      });
    }

    it("exits 2 and says how to start it", async () => {
      expect(await parley("status")).to.deep.equal({
        code: 2,
        stdout: "",
        stderr: `Parley is not running (no answer on ${join(directory, "run.sock")}). Start it with: parley serve --config ${configFile}\n`,
      });
    });

    it("exits 2 when there is no configuration", async () => {
      rmSync(configFile);
      const { code, stderr } = await runCli(["status"], { cwd: directory });
      expect(code).to.equal(2);
      expect(stderr).to.contain("parley.yaml cannot be read");
    });

    it("check-config says that all is well", async () => {
      expect(await parley("check-config")).to.deep.equal({ code: 0, stdout: "configuration is valid\n", stderr: "" });
    });

    it("check-config shows warnings and is content", async () => {
      writeFileSync(configFile, GOOD.replace('5060"]', '5060"], tls: { certificate: c.pem, key: k.pem }'));
      const { code, stdout, stderr } = await parley("check-config");
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: "configuration is valid\n" });
      expect(stderr).to.match(/^warning: sip\.tls: is not used/);
    });

    const BAD = GOOD.replace("managed", "manged").replace("control: run.sock", "contrl: run.sock");

    for (const command of ["check-config", "serve"]) {
      it(`${command} names every problem and exits 2`, async () => {
        writeFileSync(configFile, BAD);
        const { code, stdout, stderr } = await parley(command);
        expect({ code, stdout }).to.deep.equal({ code: 2, stdout: "" });
        expect(stderr.split("\n")).to.include.members([
          'xmpp.server: must look like xmpp://127.0.0.1:5347, or be the word "managed" (manged)',
          'contrl: unknown key (did you mean "control"?); known here: sip, xmpp, store, control, log (run.sock)',
        ]);
      });
    }

    it("check-config --json gives the problems as data", async () => {
      writeFileSync(configFile, BAD);
      const { code, stdout } = await parley("check-config", "--json");
      expect(code).to.equal(2);
      const { valid, problems } = JSON.parse(stdout) as { valid: boolean; problems: { path: string }[] };
      expect(valid).to.equal(false);
      expect(problems.map(({ path }) => path)).to.include.members(["xmpp.server", "contrl"]);
    });

    it("finds ./parley.yaml, or else ./var/parley.yaml", async () => {
      const inside = join(directory, "var");
      mkdirSync(inside);
      writeFileSync(join(inside, "parley.yaml"), "sip: 5");
      expect((await runCli(["check-config"], { cwd: directory })).code).to.equal(0);
      rmSync(configFile);
      expect((await runCli(["check-config"], { cwd: directory })).stderr).to.contain("sip: must be a section");
    });

    it("docs writes every page that is printed from tables", async () => {
      const { code } = await runCli(["docs", "--directory", join(directory, "docs")]);
      expect(code).to.equal(0);
      for (const { file, text } of DOCUMENTS) {
        expect(readFileSync(join(directory, "docs", file), "utf8")).to.equal(text());
      }
    });
  });

  describe("with a daemon", () => {
    let appliance: FakeAppliance;
    let server: ControlServer;

    beforeEach(async () => {
      appliance = await fakeAppliance();
      server = await startControlServer({ path: join(directory, "run.sock"), appliance, log: logLines().log });
    });

    afterEach(() => server.close());

    function lines({ stdout }: CliRun): string[] {
      return stdout.trimEnd().split("\n");
    }

    it("reaches it even when the rest of the configuration has been broken", async () => {
      writeFileSync(configFile, "sip: 5\ncontrol: run.sock\n");
      expect((await parley("status")).code).to.equal(0);
    });

    it("status prints facts", async () => {
      const run = await parley("status");
      expect(run.code).to.equal(0);
      expect(lines(run)).to.include.members([
        "Parley         1.2.3, up 1 d 1 h",
        "listener       udp://127.0.0.1:5060",
        "XMPP link      sip.test at 127.0.0.1:5347 waiting since 1970-01-01 00:01:00: connection refused; 4 queued, 2 unconfirmed",
        "bindings       3",
        "im.refused     7",
      ]);
    });

    it("status --json prints data", async () => {
      const { code, stdout } = await parley("status", "--json");
      expect(code).to.equal(0);
      expect(JSON.parse(stdout)).to.deep.include({ version: "1.2.3", bindings: 3, counters: { "im.refused": 7 } });
    });

    it("user add, list, password and remove do what they say", async () => {
      const add = ["user", "add", "Alice@sip.test", "--config", configFile];
      expect(await runCli(add, { input: "wonderland\n" })).to.deep.equal({
        code: 0,
        stdout: "added alice@sip.test; the phone signs in with user name alice\n",
        stderr: "",
      });
      expect(lines(await parley("user", "list"))).to.deep.equal([
        "USER            BINDINGS  MADE (UTC)",
        "alice@sip.test         2  1970-01-02 01:01:01",
      ]);
      const before = await appliance.users.get("alice@sip.test");
      const change = ["user", "password", "alice@sip.test", "--config", configFile];
      expect((await runCli(change, { input: "looking glass\n" })).stdout).to.equal(
        "alice@sip.test has a new password\n",
      );
      expect((await appliance.users.get("alice@sip.test"))?.ha1Md5).not.to.equal(before?.ha1Md5);
      expect((await parley("user", "remove", "alice@sip.test")).stdout).to.equal(
        "removed alice@sip.test; the senders of 2 messages that waited are told\n",
      );
      expect(await appliance.users.list()).to.deep.equal([]);
    });

    it("user add exits 2 without a password", async () => {
      expect(await parley("user", "add", "alice@sip.test")).to.deep.equal({
        code: 2,
        stdout: "",
        stderr: "no password on standard input\n",
      });
    });

    it("exits 1 when it is refused, and says why", async () => {
      expect(await parley("user", "remove", "nobody@sip.test")).to.deep.equal({
        code: 1,
        stdout: "",
        stderr: "refused: there is no account nobody@sip.test: user list shows those there are\n",
      });
      const { code, stdout } = await parley("param", "set", "im.enabled", "maybe", "--json");
      expect(code).to.equal(1);
      expect(JSON.parse(stdout)).to.deep.equal({
        refused: { code: "invalid", message: "im.enabled must be one of on, off" },
      });
    });

    it("param list, get, set and reset do what they say", async () => {
      const name = "im.max-size";
      expect((await parley("param", "set", name, "2000")).stdout).to.equal("im.max-size: 10000 -> 2000\n");
      expect(appliance.parameters.get(name)).to.equal(2000);
      expect((await parley("param", "set", name, "2000")).stdout).to.equal("im.max-size: 2000 as before\n");
      const listed = lines(await parley("param", "list"));
      expect(listed[0]).to.match(/^PARAMETER +VALUE +DEFAULT +RANGE +CHANGED \(UTC\)$/);
      expect(listed.find((line) => line.startsWith(name))).to.match(
        / 2000 +10000 +1300\.\.100000 bytes +1970-01-02 01:01:01 by cli$/,
      );
      expect(lines(await parley("param", "get", name))).to.include.members(["im.max-size  2000", "default      10000"]);
      expect((await parley("param", "reset", name)).stdout).to.equal("im.max-size: 2000 -> 10000\n");
      expect(JSON.parse((await parley("param", "get", name, "--json")).stdout)).to.include({ name, value: "10000" });
    });

    it("conversation list, show and expire do what they say", async () => {
      expect(lines(await parley("conversation", "list"))).to.have.length(3);
      const cut = lines(await parley("conversation", "list", "--limit", "1"));
      expect(cut).to.have.length(3);
      expect(cut[2]).to.equal("1 of 2");
      expect(lines(await parley("conversation", "show", "c1"))).to.include.members([
        "SIP           alice@sip.test",
        "thread        t1",
      ]);
      expect((await parley("conversation", "expire", "c1")).stdout).to.equal("closed c1\n");
      expect((await parley("conversation", "show", "c1")).code).to.equal(1);
      expect((await parley("conversation", "list", "--limit", "0")).code).to.equal(2);
    });

    it("message list prints a table without texts, of a state, of a user, up to a limit", async () => {
      const all = await parley("message", "list");
      expect(lines(all)).to.deep.equal([
        "ID  STATE        ACCEPTED (UTC)       FROM                     TO               BYTES  PROBLEM",
        "m1  stored       1970-01-01 00:00:01  romeo@xmpp.test/orchard  alice@sip.test      15  alice@sip.test is offline",
        "m2  handed-over  1970-01-01 00:00:02  bob@sip.test             romeo@xmpp.test      2",
        "m3  stored       1970-01-01 00:00:03  romeo@xmpp.test          bob@sip.test         3",
        "m4  failed       1970-01-01 00:00:04  carol@sip.test           romeo@xmpp.test      4",
        "m5  set-aside    1970-01-01 00:00:05  carol@sip.test           romeo@xmpp.test      5",
      ]);
      const idsOf = (run: CliRun) => lines(run).flatMap((line) => /^m\d/.exec(line) ?? []);
      expect(idsOf(await parley("message", "list", "--state", "stored"))).to.deep.equal(["m1", "m3"]);
      expect(idsOf(await parley("message", "list", "--user", "sip:Bob@sip.test"))).to.deep.equal(["m2", "m3"]);
      const cut = await parley("message", "list", "--user", "bob@sip.test", "--limit", "1");
      expect(lines(cut).at(-1)).to.equal("1 of 2");
      const { stdout } = await parley("message", "list", "--json", "--limit", "1");
      expect(JSON.parse(stdout)).to.have.nested.include({ total: 5, "messages[0].id": "m1" });
      expect(stdout).not.to.contain("good morrow");
      for (const limit of ["0", "100000"]) {
        const { code, stderr } = await parley("message", "list", "--limit", limit);
        expect({ code, stderr }).to.deep.equal({ code: 2, stderr: "limit: must be 1..10000\n" });
      }
    });

    it("message show prints facts, and the text only with --text, which cannot steer the terminal", async () => {
      const facts = await parley("message", "show", "m1");
      expect(lines(facts)).to.deep.equal([
        "id              m1",
        "state           stored",
        "direction       to SIP",
        "from            romeo@xmpp.test/orchard",
        "to              alice@sip.test",
        "accepted (UTC)  1970-01-01 00:00:01",
        "bytes           15",
        "problem         alice@sip.test is offline",
        "stanza id       s1",
        "Call-ID         none",
      ]);
      const shown = await parley("message", "show", "m1", "--text");
      expect(shown.stdout).to.equal(`${facts.stdout}\ngood morrow\n\ufffd[2J\n`);
      expect(JSON.parse((await parley("message", "show", "m1", "--json")).stdout)).not.to.have.property("text");
      const { stdout } = await parley("message", "show", "m1", "--text", "--json");
      expect(JSON.parse(stdout)).to.have.property("text", "good morrow\n\u001b[2J");
    });

    it("message retry and drop do what they say, or exit 1", async () => {
      expect((await parley("message", "retry", "m1")).stdout).to.equal("m1 is tried again\n");
      expect((await parley("message", "drop", "m1")).stdout).to.equal("dropped m1; its sender is told\n");
      expect(await parley("message", "drop", "m1")).to.deep.equal({
        code: 1,
        stdout: "",
        stderr: 'refused: there is no message "m1": message list shows those there are\n',
      });
      expect((await parley("message", "retry", "m3")).stdout).to.equal(
        "m3 is not tried now: it goes at the next REGISTER of bob@sip.test\n",
      );
      expect((await parley("message", "drop", "m4")).stderr).to.contain("the sender of m4 is being told");
      expect((await parley("message", "drop", "m5")).stdout).to.equal(
        "dropped m5; its sender was told when it failed\n",
      );
      const { code, stdout } = await parley("message", "retry", "m2", "--json");
      expect(code).to.equal(1);
      expect(JSON.parse(stdout)).to.have.nested.property("refused.code", "under-way");
    });
  });
});

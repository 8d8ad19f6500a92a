import { join } from "node:path";
import { expect } from "chai";
import { type Config, formatProblem, loadConfig, loadControlPath } from "../../gateway/config.ts";
import { ConfigFolder, type Keys, yamlOf } from "./config/config-folder.ts";

describe("parley.yaml", () => {
  let folder: ConfigFolder;

  beforeEach(() => {
    folder = new ConfigFolder();
  });

  afterEach(() => folder.remove());

  describe("that is right", () => {
    it("gives every key, parsed, with absolute paths", () => {
      expect(folder.configOf(yamlOf({}))).to.deep.equal({
        file: join(folder.path, "parley.yaml"),
        sip: {
          domains: ["sip.test"],
          listen: [
            { protocol: "udp", address: "127.0.0.1", port: 5060 },
            { protocol: "tcp", address: "::1", port: 5060 },
          ],
          authentication: "digest",
        },
        xmpp: {
          server: { host: "127.0.0.1", port: 5347 },
          components: [{ sipDomain: "sip.test", xmppDomain: "sip.test", secret: "s3cret" }],
          domains: ["xmpp.test"],
        },
        store: { driver: "sqlite", file: join(folder.path, "parley.db") },
        control: join(folder.path, "parley.sock"),
        log: { level: "info", format: "json" },
      });
    });

    it("has defaults for all that does not say who we are and where we listen", () => {
      const config = folder.configOf(`
        sip: { domains: [sip.test], listen: ["udp://127.0.0.1"] }
        xmpp: { server: managed, components: [{ domain: sip.test }], domains: [xmpp.test] }`);
      expect(config.sip.authentication).to.equal("digest");
      expect(config.sip.listen).to.deep.equal([{ protocol: "udp", address: "127.0.0.1", port: 5060 }]);
      expect(config.store.file).to.equal(join(folder.path, "parley.db"));
      expect(config.control).to.equal(join(folder.path, "parley.sock"));
      expect(config.log).to.deep.equal({ level: "info", format: "json" });
      expect(config.xmpp.managed).to.deep.equal({
        directory: join(folder.path, "prosody"),
        clientPort: 5222,
        componentPort: 5347,
      });
      expect(config.xmpp.components[0]?.secret).to.equal(undefined);
    });

    it("is frozen to its leaves", () => {
      const config = folder.configOf(yamlOf({}));
      for (const part of [config, config.sip, config.sip.listen, config.sip.listen[0], config.xmpp.components[0]]) {
        expect(part).to.be.frozen;
      }
    });

    const accepted: readonly {
      title: string;
      changes: Partial<Keys>;
      gives: (config: Config) => unknown;
      equal: unknown;
    }[] = [
      {
        title: "domains in any case, with a trailing dot",
        changes: { domains: "[SIP.Test.]", components: "[{ domain: sip.TEST, secret: x }]" },
        gives: (config) => [config.sip.domains, config.xmpp.components[0]?.sipDomain],
        equal: [["sip.test"], "sip.test"],
      },
      {
        title: "a component under another name than its SIP domain",
        changes: { components: "[{ domain: { sip: sip.test, xmpp: gateway.xmpp.test }, secret: x }]" },
        gives: (config) => config.xmpp.components,
        equal: [{ sipDomain: "sip.test", xmppDomain: "gateway.xmpp.test", secret: "x" }],
      },
      {
        title: "port 0, more than once",
        changes: { listen: '["udp://127.0.0.1:0", "udp://127.0.0.1:0"]' },
        gives: (config) => config.sip.listen.map((listener) => listener.port),
        equal: [0, 0],
      },
      {
        title: "no authentication on loopback",
        changes: { authentication: "none" },
        gives: (config) => config.sip.authentication,
        equal: "none",
      },
      {
        title: "a server by name",
        changes: { server: '"xmpp://chat.example.com"' },
        gives: (config) => config.xmpp.server,
        equal: { host: "chat.example.com", port: 5347 },
      },
      {
        title: "absolute paths",
        changes: { store: '"sqlite:/var/lib/parley/parley.db"', control: '"/run/parley/parley.sock"' },
        gives: (config) => [config.store.file, config.control],
        equal: ["/var/lib/parley/parley.db", "/run/parley/parley.sock"],
      },
      {
        title: "ports of the managed server",
        changes: {
          server: "managed",
          xmppMore: "managed: { clientPort: 15222, componentPort: 15347, directory: /srv/p }",
        },
        gives: (config) => config.xmpp.managed,
        equal: { directory: "/srv/p", clientPort: 15222, componentPort: 15347 },
      },
    ];
    for (const { title, changes, gives, equal } of accepted) {
      it(`may have ${title}`, () => expect(gives(folder.configOf(yamlOf(changes)))).to.deep.equal(equal));
    }
  });

  describe("that is no configuration at all", () => {
    it("names the line and column of a YAML mistake", () => {
      const loaded = folder.load("sip:\n  domains: [sip.test\nxmpp:\n");
      expect(loaded.ok).to.equal(false);
      if (!loaded.ok) expect(loaded.problems[0]?.path).to.match(/^line 3, column \d+$/);
    });

    it("names a key that stands there twice", () => {
      expect(folder.problemsOf(`${yamlOf({})}\nstore: "sqlite:other.db"\n`).join()).to.match(
        /^line \d+, column 1: .*unique/,
      );
    });

    it("does not repeat what stands behind an asterisk without quotes", () => {
      expect(folder.problemsOf(yamlOf({ components: "[{ domain: sip.test, secret: *hunter2 }]" }))).to.deep.equal([
        "a value begins with * (an alias) and cannot be resolved: put it into quotes",
      ]);
    });

    it("says which sections an empty file lacks", () => {
      expect(folder.problemsOf("")).to.deep.equal(["is missing: give a section with sip, xmpp, store, control, log"]);
    });

    it("says that the file is not there", () => {
      const loaded = loadConfig(join(folder.path, "nowhere.yaml"));
      expect(loaded.ok).to.equal(false);
      if (!loaded.ok)
        expect(loaded.problems.map(formatProblem).join()).to.match(/nowhere\.yaml cannot be read: ENOENT/);
    });
  });

  describe("that is right but deserves a warning", () => {
    it("when everybody can read the file of a secret", () => {
      const file = folder.write("open.secret", "s3cret", 0o644);
      const loaded = folder.load(yamlOf({ components: "[{ domain: sip.test, secretFile: open.secret }]" }));
      expect(loaded.ok).to.equal(true);
      expect(loaded.warnings.map(formatProblem)).to.deep.equal([
        `xmpp.components[0].secretFile: every user of this machine can read the secret: chmod o-r ${file} (open.secret)`,
      ]);
    });

    it("when everybody can read a configuration with a secret in it", () => {
      const loaded = folder.load(yamlOf({ components: "[{ domain: sip.test, secret: s3cret }]" }), 0o644);
      expect(loaded.warnings.map(({ path, value }) => ({ path, value }))).to.deep.equal([
        { path: "xmpp.components[0].secret", value: undefined },
      ]);
    });

    it("when TLS files are given that no listener uses", () => {
      const loaded = folder.load(yamlOf({ sipMore: "tls: { certificate: cert.pem, key: key.pem }" }));
      expect(loaded.ok).to.equal(true);
      expect(loaded.warnings.map(({ path }) => path)).to.deep.equal(["sip.tls"]);
    });

    it("and none otherwise", () => expect(folder.load(yamlOf({})).warnings).to.deep.equal([]));
  });

  describe("read for its control socket alone", () => {
    it("gives the path whatever else is wrong", () => {
      const file = folder.write("parley.yaml", "sip: wrong\ncontrol: run/p.sock\n");
      expect(loadControlPath(file)).to.deep.equal({ ok: true, control: join(folder.path, "run/p.sock") });
    });

    it("gives the default when the key is not there", () => {
      expect(loadControlPath(folder.write("parley.yaml", ""))).to.deep.equal({
        ok: true,
        control: join(folder.path, "parley.sock"),
      });
    });

    it("says that it is of the wrong kind", () => {
      const loaded = loadControlPath(folder.write("parley.yaml", "control: 5\n"));
      expect(loaded.ok).to.equal(false);
      if (!loaded.ok)
        expect(loaded.problems.map(formatProblem)).to.deep.equal([
          "control: must be the path of the control socket (5)",
        ]);
    });
  });
});

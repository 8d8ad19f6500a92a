import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { formatProblem, type LoadedConfig, loadConfig, loadControlPath } from "../../gateway/config.ts";

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
type Keys = typeof GOOD;

function yamlOf(changes: Partial<Keys>): string {
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

describe("parley.yaml", () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "parley-config-"));
    write("component.secret", "s3cret\n");
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  function write(name: string, text: string, mode = 0o600): string {
    const file = join(directory, name);
    writeFileSync(file, text);
    chmodSync(file, mode);
    return file;
  }

  function load(text: string, mode?: number): LoadedConfig {
    return loadConfig(write("parley.yaml", text, mode));
  }

  function problemsOf(text: string): string[] {
    const loaded = load(text);
    return loaded.ok ? [] : loaded.problems.map(formatProblem);
  }

  function configOf(text: string) {
    const loaded = load(text);
    if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join("\n"));
    return loaded.config;
  }

  describe("that is right", () => {
    it("gives every key, parsed, with absolute paths", () => {
      expect(configOf(yamlOf({}))).to.deep.equal({
        file: join(directory, "parley.yaml"),
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
        store: { driver: "sqlite", file: join(directory, "parley.db") },
        control: join(directory, "parley.sock"),
        log: { level: "info", format: "json" },
      });
    });

    it("has defaults for all that does not say who we are and where we listen", () => {
      const config = configOf(`
        sip: { domains: [sip.test], listen: ["udp://127.0.0.1"] }
        xmpp: { server: managed, components: [{ domain: sip.test }], domains: [xmpp.test] }`);
      expect(config.sip.authentication).to.equal("digest");
      expect(config.sip.listen).to.deep.equal([{ protocol: "udp", address: "127.0.0.1", port: 5060 }]);
      expect(config.store.file).to.equal(join(directory, "parley.db"));
      expect(config.control).to.equal(join(directory, "parley.sock"));
      expect(config.log).to.deep.equal({ level: "info", format: "json" });
      expect(config.xmpp.managed).to.deep.equal({
        directory: join(directory, "prosody"),
        clientPort: 5222,
        componentPort: 5347,
      });
      expect(config.xmpp.components[0]?.secret).to.equal(undefined);
    });

    it("is frozen to its leaves", () => {
      const config = configOf(yamlOf({}));
      for (const part of [config, config.sip, config.sip.listen, config.sip.listen[0], config.xmpp.components[0]]) {
        expect(part).to.be.frozen;
      }
    });

    const accepted: readonly {
      title: string;
      changes: Partial<Keys>;
      gives: (config: ReturnType<typeof configOf>) => unknown;
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
      it(`may have ${title}`, () => expect(gives(configOf(yamlOf(changes)))).to.deep.equal(equal));
    }
  });

  describe("with one mistake", () => {
    const rows: readonly (readonly [changes: Partial<Keys>, problem: string | RegExp])[] = [
      [{ domains: "" }, "sip.domains: is missing: give a list of SIP domains such as sip.example.com"],
      [{ domains: "[]" }, /^sip\.domains: must have at least one entry: SIP domains/],
      [{ domains: "sip.test" }, "sip.domains: must be a list of SIP domains such as sip.example.com (sip.test)"],
      [{ domains: "[sip.test, 17]" }, "sip.domains[1]: must be a SIP domain (17)"],
      [
        { domains: '[sip.test, "sip:x.test"]' },
        /^sip\.domains\[1\]: must be a domain name such as .* \(sip:x\.test\)$/,
      ],
      [{ domains: "[sip.test, -x.test]" }, /^sip\.domains\[1\]: must be a domain name/],
      [
        { domains: "[sip.test, bücher.test]" },
        "sip.domains[1]: must be in ASCII: write xn--bcher-kva.test (bücher.test)",
      ],
      [{ domains: "[sip.test, SIP.test]" }, "sip.domains[1]: is listed twice: remove one (SIP.test)"],
      [
        { domains: "[sip.test, b.test]" },
        "sip.domains[1]: has no component: add { domain: b.test, … } to xmpp.components (b.test)",
      ],
      [{ listen: "[]" }, /^sip\.listen: must have at least one entry/],
      [{ listen: '["127.0.0.1:5060"]' }, /^sip\.listen\[0\]: must look like udp:\/\/127\.0\.0\.1:5060/],
      [{ listen: '["udp://localhost:5060"]' }, /^sip\.listen\[0\]: must name a numeric address/],
      [{ listen: '["udp://[::g]:5060"]' }, /^sip\.listen\[0\]: must look like/],
      [{ listen: '["udp://127.0.0.1:70000"]' }, /^sip\.listen\[0\]: must have a port from 0 to 65535/],
      [
        { listen: '["tls://127.0.0.1:5061"]' },
        "sip.listen[0]: tls:// listeners are not supported in this version: use udp:// or tcp:// (tls://127.0.0.1:5061)",
      ],
      [{ listen: '["ws://127.0.0.1:80"]' }, /^sip\.listen\[0\]: ws:\/\/ listeners are not supported in this version/],
      [
        { listen: '["wss://127.0.0.1:443"]' },
        /^sip\.listen\[0\]: wss:\/\/ listeners are not supported in this version/,
      ],
      [
        { listen: '["upd://127.0.0.1:5060"]' },
        'sip.listen[0]: must begin with udp:// or tcp:// (did you mean "udp"?) (upd://127.0.0.1:5060)',
      ],
      [
        { listen: '["udp://127.0.0.1:5060", "UDP://127.0.0.1"]' },
        "sip.listen[1]: is listed twice: remove one (UDP://127.0.0.1)",
      ],
      [{ authentication: "non" }, 'sip.authentication: must be one of digest, none (did you mean "none"?) (non)'],
      [
        { authentication: "none", listen: '["udp://127.0.0.1:5060", "udp://0.0.0.0:5061", "tcp://[::]:5060"]' },
        /^sip\.authentication: anybody .* \(not loopback: udp:\/\/0\.0\.0\.0:5061, tcp:\/\/\[::\]:5060\) \(none\)$/,
      ],
      [
        { trunks: "[{ domain: x.test }]" },
        /^sip\.trunks: trunks are not supported in this version: leave the list empty/,
      ],
      [{ sipMore: "tls: { certificate: cert.pem }" }, "sip.tls.key: is missing: give the path of a PEM file"],
      [
        { sipMore: "port: 5060" },
        /^sip\.port: unknown key; known here: domains, listen, authentication, tls, trunks \(5060\)$/,
      ],
      [
        { sipMore: "authentification: digest" },
        /^sip\.authentification: unknown key \(did you mean "authentication"\?\)/,
      ],
      [
        { server: '"127.0.0.1:5347"' },
        /^xmpp\.server: must look like xmpp:\/\/127\.0\.0\.1:5347, or be the word "managed"/,
      ],
      [{ server: '"xmpps://127.0.0.1:5347"' }, /^xmpp\.server: must look like/],
      [{ server: '"xmpp://127.0.0.1:0"' }, /^xmpp\.server: must have a port from 1 to 65535/],
      [{ components: "[]" }, /^xmpp\.components: must have at least one entry/],
      [{ components: "[{ secret: x }]" }, /^xmpp\.components\[0\]\.domain: is missing: give a domain, or a pair/],
      [
        { components: "[{ domain: 5, secret: x }]" },
        /^xmpp\.components\[0\]\.domain: must be a domain, or a pair .* \(5\)$/,
      ],
      [
        { components: "[{ domain: { sip: sip.test }, secret: x }]" },
        "xmpp.components[0].domain.xmpp: is missing: give the domain of the component",
      ],
      [
        { components: "[{ domain: { sip: sip.test, xmpp: a b }, secret: x }]" },
        /^xmpp\.components\[0\]\.domain\.xmpp: must be a domain name .* \(a b\)$/,
      ],
      [{ components: "[{ domain: sip.test }]" }, /^xmpp\.components\[0\]: has no secret: give secretFile/],
      [
        { components: "[{ domain: sip.test, secret: 12345 }]" },
        "xmpp.components[0].secret: must be the component secret",
      ],
      [
        { components: '[{ domain: sip.test, secret: "" }]' },
        "xmpp.components[0].secret: must be the component secret, not empty",
      ],
      [
        { components: '[{ domain: sip.test, secret: "a\\nb" }]' },
        /^xmpp\.components\[0\]\.secret: must be one line of text: a control character is in it$/,
      ],
      [
        { components: "[{ domain: sip.test, secret: x, secretFile: component.secret }]" },
        /^xmpp\.components\[0\]\.secret: stands beside secretFile: keep one of the two$/,
      ],
      [
        { components: "[{ domain: sip.test, secretFile: none.secret }]" },
        /^xmpp\.components\[0\]\.secretFile: .*none\.secret cannot be read: ENOENT.* \(none\.secret\)$/,
      ],
      [
        { components: "[{ domain: sip.test, secretFile: empty.secret }]" },
        "xmpp.components[0].secretFile: is empty: put the component secret there (empty.secret)",
      ],
      [
        { components: "[{ domain: sip.test, secret: x }, { domain: SIP.test, secret: x }]" },
        "xmpp.components[1].domain: has a component already: remove one (SIP.test)",
      ],
      [
        { components: "[{ domain: sip.test, secret: x }, { domain: b.test, secret: x }]" },
        "xmpp.components[1].domain: add b.test to sip.domains, or remove this component (b.test)",
      ],
      [
        { components: "[{ domain: sip.test, secert: hunter2, secret: x }]" },
        'xmpp.components[0].secert: unknown key (did you mean "secret"?); known here: domain, secret, secretFile',
      ],
      [
        { xmppDomains: "[sip.test]" },
        "xmpp.domains[0]: is in sip.domains too: a domain has its users on one side only (sip.test)",
      ],
      [{ xmppDomains: "[xmpp.test, XMPP.test]" }, "xmpp.domains[1]: is listed twice: remove one (XMPP.test)"],
      [
        { components: "[{ domain: { sip: sip.test, xmpp: xmpp.test }, secret: x }]" },
        "xmpp.components[0].domain.xmpp: is in xmpp.domains too: a component needs its own name (xmpp.test)",
      ],
      [{ xmppMore: "managed: { clientPort: 5222 }" }, /^xmpp\.managed: goes with server: managed only/],
      [
        { server: "managed", xmppMore: "managed: { clientPort: 0 }" },
        "xmpp.managed.clientPort: must be a port from 1 to 65535 (0)",
      ],
      [
        { server: "managed", xmppMore: "managed: { clientPort: 5347 }" },
        /^xmpp\.managed\.componentPort: must differ from clientPort/,
      ],
      [
        { store: '"postgres://db/parley"' },
        "store: postgres: stores are not supported in this version: use sqlite:PATH (postgres://db/parley)",
      ],
      [{ store: '"parley.db"' }, "store: must look like sqlite:parley.db (parley.db)"],
      [{ store: '"sqlite:"' }, /^store: must name a file after sqlite:/],
      [{ store: '"sqlite::memory:"' }, /^store: must be a file: what is kept in memory/],
      [{ control: '""' }, "control: must be the path of the control socket, not empty ()"],
      [{ control: `"${"x".repeat(110)}.sock"` }, /^control: the path has \d+ bytes, a UNIX socket takes 107/],
      [{ level: "verbose" }, "log.level: must be one of fatal, error, warn, info, debug, trace, silent (verbose)"],
      [{ format: "prety" }, 'log.format: must be one of json, pretty (did you mean "pretty"?) (prety)'],
      [
        { more: "xmmp: {}" },
        'xmmp: unknown key (did you mean "xmpp"?); known here: sip, xmpp, store, control, log ({})',
      ],
    ];
    for (const [changes, expected] of rows) {
      it(`${JSON.stringify(changes)} is told with path, reason and value`, () => {
        write("empty.secret", "\n");
        const problems = problemsOf(yamlOf(changes));
        expect(problems, problems.join("\n")).to.have.length(1);
        if (typeof expected === "string") expect(problems[0]).to.equal(expected);
        else expect(problems[0]).to.match(expected);
      });
    }
  });

  it("with many mistakes tells all of them at once", () => {
    const problems = problemsOf(`
      sip:
        domains: [sip.test, two.test]
        listen: ["udp://0.0.0.0:5060", "tls://127.0.0.1:5061"]
        authentication: nothing
        lisen: []
      xmpp:
        server: managed
        components: [{ domain: sip.test }, { domain: [] }]
        domains: [sip.test]
      control: ${"x".repeat(110)}
      log: { level: loud }
    `);
    expect(problems.map((problem) => problem.slice(0, problem.indexOf(": ")))).to.have.members([
      "sip.listen[1]",
      "sip.authentication",
      "sip.lisen",
      "xmpp.components[1].domain",
      "xmpp.domains[0]",
      "control",
      "log.level",
    ]);
  });

  it("never shows a secret, not even within a value of the wrong kind", () => {
    const texts = [
      yamlOf({ components: "{ domain: sip.test, secret: hunter2 }" }),
      yamlOf({ components: "[[{ secret: hunter2 }]]" }),
      yamlOf({ components: "[{ domain: sip.test, password: hunter2 }]" }),
      yamlOf({ components: "[{ domain: sip.test, Secret: hunter2 }]" }),
      yamlOf({ components: '[{ domain: sip.test, secret: "hunter2\\u0001" }]' }),
    ];
    for (const text of texts) {
      const problems = problemsOf(text);
      expect(problems).not.to.be.empty;
      expect(problems.join("\n")).not.to.contain("hunter2");
    }
  });

  describe("that is no configuration at all", () => {
    it("names the line and column of a YAML mistake", () => {
      const loaded = load("sip:\n  domains: [sip.test\nxmpp:\n");
      expect(loaded.ok).to.equal(false);
      if (!loaded.ok) expect(loaded.problems[0]?.path).to.match(/^line 3, column \d+$/);
    });

    it("names a key that stands there twice", () => {
      expect(problemsOf(`${yamlOf({})}\nstore: "sqlite:other.db"\n`).join()).to.match(/^line \d+, column 1: .*unique/);
    });

    it("does not repeat what stands behind an asterisk without quotes", () => {
      expect(problemsOf(yamlOf({ components: "[{ domain: sip.test, secret: *hunter2 }]" }))).to.deep.equal([
        "a value begins with * (an alias) and cannot be resolved: put it into quotes",
      ]);
    });

    it("says which sections an empty file lacks", () => {
      expect(problemsOf("")).to.deep.equal(["is missing: give a section with sip, xmpp, store, control, log"]);
    });

    it("says that the file is not there", () => {
      const loaded = loadConfig(join(directory, "nowhere.yaml"));
      expect(loaded.ok).to.equal(false);
      if (!loaded.ok)
        expect(loaded.problems.map(formatProblem).join()).to.match(/nowhere\.yaml cannot be read: ENOENT/);
    });
  });

  describe("that is right but deserves a warning", () => {
    it("when everybody can read the file of a secret", () => {
      const file = write("open.secret", "s3cret", 0o644);
      const loaded = load(yamlOf({ components: "[{ domain: sip.test, secretFile: open.secret }]" }));
      expect(loaded.ok).to.equal(true);
      expect(loaded.warnings.map(formatProblem)).to.deep.equal([
        `xmpp.components[0].secretFile: every user of this machine can read the secret: chmod o-r ${file} (open.secret)`,
      ]);
    });

    it("when everybody can read a configuration with a secret in it", () => {
      const loaded = load(yamlOf({ components: "[{ domain: sip.test, secret: s3cret }]" }), 0o644);
      expect(loaded.warnings.map(({ path, value }) => ({ path, value }))).to.deep.equal([
        { path: "xmpp.components[0].secret", value: undefined },
      ]);
    });

    it("when TLS files are given that no listener uses", () => {
      const loaded = load(yamlOf({ sipMore: "tls: { certificate: cert.pem, key: key.pem }" }));
      expect(loaded.ok).to.equal(true);
      expect(loaded.warnings.map(({ path }) => path)).to.deep.equal(["sip.tls"]);
    });

    it("and none otherwise", () => expect(load(yamlOf({})).warnings).to.deep.equal([]));
  });

  describe("read for its control socket alone", () => {
    it("gives the path whatever else is wrong", () => {
      const file = write("parley.yaml", "sip: wrong\ncontrol: run/p.sock\n");
      expect(loadControlPath(file)).to.deep.equal({ ok: true, control: join(directory, "run/p.sock") });
    });

    it("gives the default when the key is not there", () => {
      expect(loadControlPath(write("parley.yaml", ""))).to.deep.equal({
        ok: true,
        control: join(directory, "parley.sock"),
      });
    });

    it("says that it is of the wrong kind", () => {
      const loaded = loadControlPath(write("parley.yaml", "control: 5\n"));
      expect(loaded.ok).to.equal(false);
      if (!loaded.ok)
        expect(loaded.problems.map(formatProblem)).to.deep.equal([
          "control: must be the path of the control socket (5)",
        ]);
    });
  });
});

import { expect } from "chai";
import { ConfigFolder, type Keys, yamlOf } from "./config-folder.ts";

describe("parley.yaml", () => {
  let folder: ConfigFolder;

  beforeEach(() => {
    folder = new ConfigFolder();
  });

  afterEach(() => folder.remove());

  describe("with one mistake", () => {
    // biome-ignore format: table
    const rows: readonly (readonly [changes: Partial<Keys>, problem: string | RegExp])[] = [
      [{ domains: "" }, "sip.domains: is missing: give a list of SIP domains such as sip.example.com"],
      [{ domains: "[]" }, /^sip\.domains: must have at least one entry: SIP domains/],
      [{ domains: "sip.test" }, "sip.domains: must be a list of SIP domains such as sip.example.com (sip.test)"],
      [{ domains: "[sip.test, 17]" }, "sip.domains[1]: must be a SIP domain (17)"],
      [{ domains: '[sip.test, "sip:x.test"]' }, /^sip\.domains\[1\]: must be a domain name such as .* \(sip:x\.test\)$/],
      [{ domains: "[sip.test, -x.test]" }, /^sip\.domains\[1\]: must be a domain name/],
      [{ domains: "[sip.test, bücher.test]" }, "sip.domains[1]: must be in ASCII: write xn--bcher-kva.test (bücher.test)"],
      [{ domains: "[sip.test, SIP.test]" }, "sip.domains[1]: is listed twice: remove one (SIP.test)"],
      [{ domains: "[sip.test, b.test]" }, "sip.domains[1]: has no component: add { domain: b.test, … } to xmpp.components (b.test)"],
      [{ listen: "[]" }, /^sip\.listen: must have at least one entry/],
      [{ listen: '["127.0.0.1:5060"]' }, /^sip\.listen\[0\]: must look like udp:\/\/127\.0\.0\.1:5060/],
      [{ listen: '["udp://localhost:5060"]' }, /^sip\.listen\[0\]: must name a numeric address/],
      [{ listen: '["udp://[::g]:5060"]' }, /^sip\.listen\[0\]: must look like/],
      [{ listen: '["udp://127.0.0.1:70000"]' }, /^sip\.listen\[0\]: must have a port from 0 to 65535/],
      [{ listen: '["tls://127.0.0.1:5061"]' }, "sip.listen[0]: tls:// listeners are not supported in this version: use udp:// or tcp:// (tls://127.0.0.1:5061)"],
      [{ listen: '["ws://127.0.0.1:80"]' }, /^sip\.listen\[0\]: ws:\/\/ listeners are not supported in this version/],
      [{ listen: '["wss://127.0.0.1:443"]' }, /^sip\.listen\[0\]: wss:\/\/ listeners are not supported in this version/],
      [{ listen: '["upd://127.0.0.1:5060"]' }, 'sip.listen[0]: must begin with udp:// or tcp:// (did you mean "udp"?) (upd://127.0.0.1:5060)'],
      [{ listen: '["udp://127.0.0.1:5060", "UDP://127.0.0.1"]' }, "sip.listen[1]: is listed twice: remove one (UDP://127.0.0.1)"],
      [{ authentication: "non" }, 'sip.authentication: must be one of digest, none (did you mean "none"?) (non)'],
      [{ authentication: "none", listen: '["udp://127.0.0.1:5060", "udp://0.0.0.0:5061", "tcp://[::]:5060"]' }, /^sip\.authentication: anybody .* \(not loopback: udp:\/\/0\.0\.0\.0:5061, tcp:\/\/\[::\]:5060\) \(none\)$/],
      [{ trunks: "[{ domain: x.test }]" }, /^sip\.trunks: trunks are not supported in this version: leave the list empty/],
      [{ sipMore: "tls: { certificate: cert.pem }" }, "sip.tls.key: is missing: give the path of a PEM file"],
      [{ sipMore: "port: 5060" }, /^sip\.port: unknown key; known here: domains, listen, authentication, tls, trunks \(5060\)$/],
      [{ sipMore: "authentification: digest" }, /^sip\.authentification: unknown key \(did you mean "authentication"\?\)/],
      [{ server: '"127.0.0.1:5347"' }, /^xmpp\.server: must look like xmpp:\/\/127\.0\.0\.1:5347, or be the word "managed"/],
      [{ server: '"xmpps://127.0.0.1:5347"' }, /^xmpp\.server: must look like/],
      [{ server: '"xmpp://127.0.0.1:0"' }, /^xmpp\.server: must have a port from 1 to 65535/],
      [{ components: "[]" }, /^xmpp\.components: must have at least one entry/],
      [{ components: "[{ secret: x }]" }, /^xmpp\.components\[0\]\.domain: is missing: give a domain, or a pair/],
      [{ components: "[{ domain: 5, secret: x }]" }, /^xmpp\.components\[0\]\.domain: must be a domain, or a pair .* \(5\)$/],
      [{ components: "[{ domain: { sip: sip.test }, secret: x }]" }, "xmpp.components[0].domain.xmpp: is missing: give the domain of the component"],
      [{ components: "[{ domain: { sip: sip.test, xmpp: a b }, secret: x }]" }, /^xmpp\.components\[0\]\.domain\.xmpp: must be a domain name .* \(a b\)$/],
      [{ components: "[{ domain: sip.test }]" }, /^xmpp\.components\[0\]: has no secret: give secretFile/],
      [{ components: "[{ domain: sip.test, secret: 12345 }]" }, "xmpp.components[0].secret: must be the component secret"],
      [{ components: '[{ domain: sip.test, secret: "" }]' }, "xmpp.components[0].secret: must be the component secret, not empty"],
      [{ components: '[{ domain: sip.test, secret: "a\\nb" }]' }, /^xmpp\.components\[0\]\.secret: must be one line of text: a control character is in it$/],
      [{ components: "[{ domain: sip.test, secret: x, secretFile: component.secret }]" }, /^xmpp\.components\[0\]\.secret: stands beside secretFile: keep one of the two$/],
      [{ components: "[{ domain: sip.test, secretFile: none.secret }]" }, /^xmpp\.components\[0\]\.secretFile: .*none\.secret cannot be read: ENOENT.* \(none\.secret\)$/],
      [{ components: "[{ domain: sip.test, secretFile: empty.secret }]" }, "xmpp.components[0].secretFile: is empty: put the component secret there (empty.secret)"],
      [{ components: "[{ domain: sip.test, secret: x }, { domain: SIP.test, secret: x }]" }, "xmpp.components[1].domain: has a component already: remove one (SIP.test)"],
      [{ components: "[{ domain: sip.test, secret: x }, { domain: b.test, secret: x }]" }, "xmpp.components[1].domain: add b.test to sip.domains, or remove this component (b.test)"],
      [{ components: "[{ domain: sip.test, secert: hunter2, secret: x }]" }, 'xmpp.components[0].secert: unknown key (did you mean "secret"?); known here: domain, secret, secretFile'],
      [{ xmppDomains: "[sip.test]" }, "xmpp.domains[0]: is in sip.domains too: a domain has its users on one side only (sip.test)"],
      [{ xmppDomains: "[xmpp.test, XMPP.test]" }, "xmpp.domains[1]: is listed twice: remove one (XMPP.test)"],
      [{ components: "[{ domain: { sip: sip.test, xmpp: xmpp.test }, secret: x }]" }, "xmpp.components[0].domain.xmpp: is in xmpp.domains too: a component needs its own name (xmpp.test)"],
      [{ xmppMore: "managed: { clientPort: 5222 }" }, /^xmpp\.managed: goes with server: managed only/],
      [{ server: "managed", xmppMore: "managed: { clientPort: 0 }" }, "xmpp.managed.clientPort: must be a port from 1 to 65535 (0)"],
      [{ server: "managed", xmppMore: "managed: { clientPort: 5347 }" }, /^xmpp\.managed\.componentPort: must differ from clientPort/],
      [{ store: '"postgres://db/parley"' }, "store: postgres: stores are not supported in this version: use sqlite:PATH (postgres://db/parley)"],
      [{ store: '"parley.db"' }, "store: must look like sqlite:parley.db (parley.db)"],
      [{ store: '"sqlite:"' }, /^store: must name a file after sqlite:/],
      [{ store: '"sqlite::memory:"' }, /^store: must be a file: what is kept in memory/],
      [{ control: '""' }, "control: must be the path of the control socket, not empty"],
      [{ control: `"${"x".repeat(110)}.sock"` }, /^control: the path has \d+ bytes, a UNIX socket takes 107/],
      [{ level: "verbose" }, "log.level: must be one of fatal, error, warn, info, debug, trace, silent (verbose)"],
      [{ format: "prety" }, 'log.format: must be one of json, pretty (did you mean "pretty"?) (prety)'],
      [{ more: "xmmp: {}" }, 'xmmp: unknown key (did you mean "xmpp"?); known here: sip, xmpp, store, control, log ({})'],
    ];
    for (const [changes, expected] of rows) {
      it(`${JSON.stringify(changes)} is told with path, reason and value`, () => {
        folder.write("empty.secret", "\n");
        const problems = folder.problemsOf(yamlOf(changes));
        expect(problems, problems.join("\n")).to.have.length(1);
        if (typeof expected === "string") expect(problems[0]).to.equal(expected);
        else expect(problems[0]).to.match(expected);
      });
    }
  });

  it("with many mistakes tells all of them at once", () => {
    const problems = folder.problemsOf(`
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
      const problems = folder.problemsOf(text);
      expect(problems).not.to.be.empty;
      expect(problems.join("\n")).not.to.contain("hunter2");
    }
  });
});

import { expect } from "chai";
import { formatProsodyConfig } from "../../../xmpp/managed-server/prosody-config.ts";

const CONFIG = {
  directory: "/var/lib/parley/xmpp",
  domains: ["xmpp.test", "other.test"],
  components: [{ domain: "sip.test", secret: 'a "secret"' }],
  clientPort: 5222,
  componentPort: 5347,
  tls: true,
};

describe("the configuration of the private Prosody", () => {
  const lines = formatProsodyConfig(CONFIG).split("\n");

  for (const line of [
    'interfaces = { "127.0.0.1" }',
    'component_interfaces = { "127.0.0.1" }',
    "c2s_ports = { 5222 }",
    "component_ports = { 5347 }",
    'pidfile = "/var/lib/parley/xmpp/prosody.pid"',
    'data_path = "/var/lib/parley/xmpp/data"',
    'VirtualHost "xmpp.test"',
    'VirtualHost "other.test"',
    'Component "sip.test"',
    '  component_secret = "a \\034secret\\034"',
  ]) {
    it(`says ${line}`, () => {
      expect(lines).to.include(line);
    });
  }

  it("keeps Nagle's algorithm off and servers of other domains out", () => {
    expect(lines.some((line) => line.startsWith("network_settings = { nagle = false }"))).to.equal(true);
    expect(lines.find((line) => line.startsWith("modules_disabled"))).to.include('"s2s"');
  });

  it("offers TLS only when there is a certificate", () => {
    const modulesOf = (tls: boolean): string | undefined =>
      formatProsodyConfig({ ...CONFIG, tls })
        .split("\n")
        .find((line) => line.startsWith("modules_enabled"));
    expect(modulesOf(true)).to.include('"tls"');
    expect(modulesOf(false)).to.not.include('"tls"');
  });
});

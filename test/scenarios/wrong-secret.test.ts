import { expect } from "chai";
import { startEjabberd } from "../peers/ejabberd.ts";
import { GatewayUnderTest, passwordOf } from "../peers/gateway.ts";
import { startProsody } from "../peers/prosody.ts";
import { RawPhone } from "../peers/raw-phone.ts";
import { openUdpWire, type RawWire, statusOf } from "../peers/raw-sip.ts";
import { startXmppClient, type XmppClient } from "../peers/xmpp-client.ts";
import type { XmppServer } from "../peers/xmpp-server.ts";
import { receives } from "./both-sides.ts";

const JULIET = { jid: "juliet@xmpp.test", password: passwordOf("juliet") };
const REFUSED = /refused the secret of component sip\.test: not-authorized; check secretFile and component_secret/;

/** Both keep messages for people who are not there yet. */
for (const [name, startServer, modules] of [
  ["Prosody", startProsody, ["offline"]],
  ["ejabberd", startEjabberd, []],
] as const) {
  describe(`The XMPP server refuses the secret, with ${name}`, () => {
    let server: XmppServer;
    let gateway: GatewayUnderTest;
    let wire: RawWire;
    let alice: RawPhone;
    let juliet: XmppClient | undefined;

    const withSecret = (secret: string) => ({ components: [{ domain: "sip.test", secret }], users: [JULIET], modules });

    before(async () => {
      server = await startServer(withSecret("another secret"));
      gateway = await GatewayUnderTest.launch({ componentPort: server.componentPort });
      await gateway.process.untilOutput(REFUSED);
      await gateway.cli(["user", "add", "alice@sip.test"], passwordOf("alice"));
      wire = await openUdpWire({ gatewayPort: gateway.sipPort });
      alice = new RawPhone({ wire, aor: "alice@sip.test", password: passwordOf("alice") });
    });
    after(async () => {
      await juliet?.stop();
      await wire.close();
      await gateway.stop();
      await server.stop();
    });

    it("the log says at the level of errors what is wrong and what to check", () => {
      const line = gateway.output.split("\n").find((each) => REFUSED.test(each)) ?? "{}";
      expect(JSON.parse(line)).to.include({ level: 50, component: "sip.test" });
      expect(gateway.output).not.to.match(/^ready/m);
    });

    it("`parley status` says it in words", async () => {
      const { stdout, code } = await gateway.cli(["status"]);
      expect(code).to.equal(0);
      expect(stdout).to.match(REFUSED);
    });

    it("phones register meanwhile", async () => {
      expect(statusOf(await alice.register())).to.equal(200);
    });

    it("a message to XMPP is accepted with 202, and delivered once the server takes the secret", async () => {
      expect(statusOf(await alice.message(JULIET.jid, "Wilt thou be gone?"))).to.equal(202);
      expect(statusOf(await alice.message(JULIET.jid, "It is not yet near day."))).to.equal(202);
      await server.reconfigure(withSecret("secret"));
      await server.restart();
      await gateway.untilReady();
      // ejabberd loses a message that it is putting into its offline store while its owner signs in: Juliet comes later.
      await gateway.process.untilOutput(/(?:message relayed to XMPP.*){2}/s);
      juliet = await startXmppClient({ server, ...JULIET });
      await receives(juliet, "It is not yet near day.");
      await receives(juliet, "Wilt thou be gone?");
    });
  });
}

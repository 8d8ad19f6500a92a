import { statSync } from "node:fs";
import { join } from "node:path";
import xml from "@xmpp/xml";
import { expect } from "chai";
import { passwordOf } from "../peers/gateway.ts";
import { statusOf } from "../peers/raw-sip.ts";
import { BothSides, errorFor } from "./both-sides.ts";

interface UserRow {
  readonly aor: string;
  readonly bindings: number;
}

describe("The operator manages accounts over the control socket", () => {
  let sides: BothSides;

  const cli = (args: readonly string[], input?: string) => sides.gateway.cli(args, input);
  const users = () => sides.gateway.json<readonly UserRow[]>(["user", "list"]);

  before(async () => {
    sides = await BothSides.start({ users: ["alice"], people: ["juliet"] });
  });
  after(() => sides.stop());

  it("the socket is open to its own user alone", () => {
    const socket = statSync(join(sides.gateway.folder, "parley.sock"));
    expect(socket.isSocket()).to.equal(true);
    expect(socket.mode & 0o777).to.equal(0o600);
  });

  describe("user add", () => {
    it("makes an account that works at once: exit 0", async () => {
      const { code, stdout } = await cli(["user", "add", "bob@sip.test"], passwordOf("bob"));
      expect(code).to.equal(0);
      expect(stdout).to.equal("added bob@sip.test; the phone signs in with user name bob\n");
      const bob = await sides.phone("bob");
      expect(statusOf(await bob.register())).to.equal(200);
    });

    it("--json: what was made", async () => {
      const { code, stdout } = await cli(["user", "add", "sip:Carol@sip.test", "--json"], passwordOf("carol"));
      expect(code).to.equal(0);
      expect(JSON.parse(stdout)).to.deep.equal({ aor: "carol@sip.test", username: "carol" });
    });

    for (const [what, aor, password, exit, why] of [
      ["one that exists", "alice@sip.test", "x", 1, /alice@sip\.test exists already/],
      ["one of a domain that is not ours", "alice@elsewhere.test", "x", 1, /elsewhere\.test is not a SIP domain/],
      ["a name without a domain", "alice", "x", 1, /user@domain/],
      ["a password of no characters", "dora@sip.test", "\n", 2, /password/],
    ] as const) {
      it(`refuses ${what}: exit ${exit}, and why on standard error`, async () => {
        const { code, stdout, stderr } = await cli(["user", "add", aor], password);
        expect(code).to.equal(exit);
        expect(stdout).to.equal("");
        expect(stderr).to.match(why);
      });
    }

    it("--json: a refusal is JSON too, and exit 1", async () => {
      const { code, stdout } = await cli(["user", "add", "alice@sip.test", "--json"], "x");
      expect(code).to.equal(1);
      expect(JSON.parse(stdout)).to.have.nested.property("refused.code", "exists");
    });
  });

  it("user list: the accounts and how many devices each has", async () => {
    await sides.registeredPhone("alice");
    await sides.registeredPhone("alice", { transport: "tcp" });
    const { code, stdout } = await cli(["user", "list"]);
    expect(code).to.equal(0);
    expect(stdout)
      .to.match(/^USER +BINDINGS +MADE/m)
      .and.to.match(/^alice@sip\.test +2 /m);
    expect((await users()).find(({ aor }) => aor === "alice@sip.test")).to.include({ bindings: 2 });
  });

  it("user password: the old one is refused at once, the new one works", async () => {
    await cli(["user", "add", "erik@sip.test"], "old");
    const erik = await sides.registeredPhone("erik", { password: "old" });
    expect((await cli(["user", "password", "erik@sip.test"], "new")).code).to.equal(0);
    expect(statusOf(await erik.register())).to.equal(401);
    await sides.registeredPhone("erik", { password: "new" });
  });

  it("user remove: the bindings are gone and the password does not work any more, at once", async () => {
    await cli(["user", "add", "frank@sip.test"], passwordOf("frank"));
    const frank = await sides.registeredPhone("frank");
    const juliet = await sides.client("juliet");
    const { code, stdout } = await cli(["user", "remove", "frank@sip.test"]);
    expect(code).to.equal(0);
    expect(stdout).to.equal("removed frank@sip.test\n");
    expect((await users()).map(({ aor }) => aor)).not.to.include("frank@sip.test");
    expect(statusOf(await frank.register())).to.equal(401);
    expect(statusOf(await frank.message("juliet@xmpp.test", "from beyond"))).to.equal(407);
    await juliet.send(xml("message", { to: "frank@sip.test", type: "chat", id: "gone" }, xml("body", {}, "Frank?")));
    expect((await errorFor(juliet, "gone")).condition).to.equal("item-not-found");
    expect(frank.texts).to.deep.equal([]);
  });

  it("an account that is not there cannot be removed, nor get a password: exit 1", async () => {
    for (const args of [
      ["user", "remove", "nobody@sip.test"],
      ["user", "password", "nobody@sip.test"],
    ]) {
      const { code, stderr } = await cli(args, "x");
      expect(code).to.equal(1);
      expect(stderr).to.equal("refused: there is no account nobody@sip.test: user list shows those there are\n");
    }
  });

  it("a command that does not exist, or lacks its argument: exit 2", async () => {
    expect((await cli(["user", "ad", "x@sip.test"])).code).to.equal(2);
    expect((await cli(["user", "add"])).code).to.equal(2);
  });

  describe("a daemon that has ended", () => {
    it("after kill -9 the socket file that was left behind is no hindrance", async () => {
      await sides.gateway.restart("SIGKILL");
      expect((await cli(["status"])).code).to.equal(0);
    });

    it("when nobody is there: exit 2 and how to start it, also with --json", async () => {
      await sides.gateway.end("SIGTERM");
      const socket = join(sides.gateway.folder, "parley.sock");
      const sentence = `Parley is not running (no answer on ${socket}). Start it with: parley serve --config ${sides.gateway.configFile}\n`;
      for (const args of [["status"], ["user", "list", "--json"], ["user", "remove", "alice@sip.test"]]) {
        const { code, stdout, stderr } = await cli(args);
        expect({ code, stdout, stderr }).to.deep.equal({ code: 2, stdout: "", stderr: sentence });
      }
    });
  });
});

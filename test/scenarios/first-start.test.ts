import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "chai";
import { loadConfig } from "../../gateway/config.ts";
import type { Accounts } from "../../start/accounts-file.ts";
import { isFree } from "../../start/ports.ts";
import { Linphone } from "../peers/linphone.ts";
import { PeerProcess, temporaryFolder } from "../peers/peer-process.ts";
import { Slixmpp } from "../peers/slixmpp.ts";

describe("npm start", () => {
  let directory: string;
  let started: PeerProcess;

  const start = (...options: readonly string[]): PeerProcess =>
    new PeerProcess({
      command: process.execPath,
      args: [resolve("start/start.mjs"), "--directory", directory, ...options],
      debianPackage: "nodejs",
      folder: temporaryFolder("start"),
    });
  const file = (name: string): string => join(directory, name);
  const accounts = (): Accounts => JSON.parse(readFileSync(file("accounts.json"), "utf8")) as Accounts;
  const settings = () => {
    const loaded = loadConfig(file("parley.yaml"));
    if (!loaded.ok || loaded.config.xmpp.server !== "managed") throw new Error("not the settings of a first start");
    const [listener] = loaded.config.sip.listen;
    if (listener === undefined) throw new Error("no listener");
    return { sipPort: listener.port, ...loaded.config.xmpp.managed };
  };
  const running = (): Promise<unknown> => started.untilOutput(/Ctrl-C ends it/, 50_000);
  const endedBy = async (signal: NodeJS.Signals): Promise<void> => {
    started.signal(signal);
    await started.untilEnded(30_000);
    expect(started.ended).to.equal("ended with exit code 0");
    expect(started.output).to.contain("Parley has ended in order.");
    await started.stop();
  };

  before(() => {
    directory = mkdtempSync(join(tmpdir(), "parley-test-var-"));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));
  afterEach(async () => {
    started.signal("SIGTERM");
    await started.untilEnded(30_000);
    await started.stop();
  });

  it("sets up everything in one folder and delivers a message each way", async () => {
    started = start();
    await running();
    expect(started.output).to.match(/^self-check: SIP -> XMPP delivered, \d+ ms$/m);
    expect(started.output).to.match(/^self-check: XMPP -> SIP delivered, \d+ ms$/m);
    for (const name of ["parley.yaml", "accounts.json"])
      expect(statSync(file(name)).mode & 0o777, name).to.equal(0o600);
    await endedBy("SIGINT");
    const { sipPort, clientPort, componentPort } = settings();
    for (const port of [sipPort, clientPort, componentPort]) {
      expect(await isFree({ protocol: "tcp", address: "127.0.0.1", port }), `port ${port}`).to.equal(true);
    }
  });

  it("shows the same accounts at the second start, and they work in a phone and in an XMPP client", async () => {
    const before = accounts();
    started = start("--no-self-check");
    await running();
    expect(accounts()).to.deep.equal(before);
    const [alice] = before.sip;
    const [juliet] = before.xmpp;
    if (alice === undefined || juliet === undefined) throw new Error("no accounts");
    for (const { password } of [alice, juliet]) expect(started.output).to.contain(password);
    await writeToEachOther(alice, juliet);
    await endedBy("SIGTERM");
  });

  it("says which kept port is taken, and ends", async () => {
    const { sipPort } = settings();
    const taken = createServer();
    await new Promise<void>((done) => taken.listen(sipPort, "127.0.0.1", done));
    try {
      started = start();
      await started.untilEnded(30_000);
      expect(started.ended).to.equal("ended with exit code 1");
      expect(started.output).to.contain(`tcp 127.0.0.1 port ${sipPort}`);
    } finally {
      await new Promise((done) => taken.close(done));
    }
  });

  it("says so when Parley runs already from that folder", async () => {
    started = start("--no-self-check");
    await running();
    const second = start();
    await second.untilEnded(30_000);
    expect(second.ended).to.equal("ended with exit code 1");
    expect(second.output).to.contain("Parley runs already");
    await second.stop();
    await endedBy("SIGTERM");
  });

  async function writeToEachOther(alice: Accounts["sip"][number], juliet: Accounts["xmpp"][number]): Promise<void> {
    const { sipPort, clientPort } = settings();
    const proxy = `sip:127.0.0.1:${sipPort}`;
    const linphone = new Linphone({ aor: alice.address, password: alice.password, proxy, transport: "tcp" });
    const to = { host: "127.0.0.1", port: clientPort };
    const slixmpp = new Slixmpp({ jid: juliet.address, password: juliet.password, ...to });
    try {
      await Promise.all([linphone.registered(), slixmpp.online()]);
      linphone.send(`sip:${juliet.address}`, "Wherefore art thou?");
      expect((await slixmpp.received("Wherefore art thou?")).from).to.match(/^alice@sip\.test/);
      slixmpp.send({ to: alice.address, body: "Neither, fair saint." });
      expect((await linphone.received("Neither, fair saint.")).from).to.contain(juliet.address);
    } finally {
      await Promise.all([linphone.stop(), slixmpp.stop()]);
    }
  }
});

import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { pino } from "pino";
import { type ManagedProsody, startManagedProsody } from "../../xmpp/managed-server/managed-prosody.ts";
import { findProgram } from "../peers/find-program.ts";
import { freePort } from "../peers/free-port.ts";
import { waitFor } from "../peers/wait-for.ts";
import { linkTo } from "./xmpp-link-scenarios.ts";

/** With all that a Lua string and the handshake could get wrong. */
const SECRET = 'sécret "]]\\\n--';

let directory: string;
let ports: { readonly clientPort: number; readonly componentPort: number };
let server: ManagedProsody | undefined;

async function start(): Promise<ManagedProsody> {
  server = await startManagedProsody({
    directory,
    domains: ["xmpp.test"],
    components: [{ domain: "sip.test", secret: SECRET }],
    ...ports,
    log: pino({ level: "silent" }),
  });
  return server;
}

/** Whether a client can sign in with SASL PLAIN, which tells apart what the account file holds. */
function signsIn(user: string, password: string): Promise<boolean> {
  const credentials = Buffer.from(`\0${user}\0${password}`).toString("base64");
  return new Promise((resolve, reject) => {
    const socket = connect(ports.clientPort, "127.0.0.1").setEncoding("utf8");
    let text = "";
    socket.write(
      "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='xmpp.test' version='1.0'>",
    );
    socket.on("error", reject);
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("</stream:features>")) {
        text = "";
        socket.write(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${credentials}</auth>`);
      } else if (/<success|<failure/.test(text)) {
        socket.destroy();
        resolve(text.includes("<success"));
      }
    });
  });
}

function pidOf(): number {
  return Number(readFileSync(join(directory, "prosody.pid"), "utf8"));
}

describe("the private Prosody", () => {
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "parley-managed-"));
    ports = { clientPort: await freePort(), componentPort: await freePort() };
  });
  afterEach(async () => {
    await server?.stop();
    server = undefined;
    await rm(directory, { recursive: true, force: true });
  });

  it("takes our component, and an account as soon as it is made", async () => {
    const prosody = await start();
    const link = linkTo(prosody.componentPort, SECRET);
    link.start();
    await waitFor("the link to be online", () => link.status().state === "online");
    expect(await prosody.addUser("Alice", "xmpp.test", 'päss wörd"\\')).to.deep.equal({
      ok: true,
      value: "alice@xmpp.test",
    });
    expect(await signsIn("alice", 'päss wörd"\\')).to.equal(true);
    expect(await signsIn("alice", "wrong")).to.equal(false);
    await link.stop();
  });

  it("changes a password, removes an account, and tells who is there", async () => {
    const prosody = await start();
    await prosody.addUser("alice", "xmpp.test", "one");
    await prosody.addUser("alice", "xmpp.test", "two");
    expect(await signsIn("alice", "one")).to.equal(false);
    expect(await signsIn("alice", "two")).to.equal(true);
    expect(await prosody.hasUser("alice", "xmpp.test")).to.equal(true);
    expect(await prosody.removeUser("alice", "xmpp.test")).to.equal(true);
    expect(await prosody.removeUser("alice", "xmpp.test")).to.equal(false);
    expect(await prosody.hasUser("alice", "xmpp.test")).to.equal(false);
    expect(await signsIn("alice", "two")).to.equal(false);
  });

  it("refuses a name or password that nobody could sign in with", async () => {
    const prosody = await start();
    for (const [localpart, domain, password] of [
      ["a b", "xmpp.test", "pw"],
      ["straße", "xmpp.test", "pw"],
      ["alice", "elsewhere.test", "pw"],
      ["../alice", "xmpp.test", "pw"],
      ["alice", "xmpp.test", ""],
      ["alice", "xmpp.test", "a\nb"],
    ] as const) {
      expect(await prosody.addUser(localpart, domain, password), localpart).to.have.property("ok", false);
    }
  });

  it("keeps accounts and keys over a stop and a start, readable by nobody else", async () => {
    await (await start()).addUser("alice", "xmpp.test", "pw");
    const certificate = readFileSync(join(directory, "certs", "xmpp.test.crt"), "utf8");
    await server?.stop();
    await start();
    expect(await signsIn("alice", "pw")).to.equal(true);
    expect(readFileSync(join(directory, "certs", "xmpp.test.crt"), "utf8")).to.equal(certificate);
    for (const file of ["prosody.cfg.lua", "certs/xmpp.test.key", "data/xmpp%2etest/accounts/alice.dat"]) {
      expect((await stat(join(directory, file))).mode & 0o077, file).to.equal(0);
    }
    expect(readFileSync(join(directory, "data/xmpp%2etest/accounts/alice.dat"), "utf8")).to.not.include("pw");
  });

  it("comes back when it dies, and goes for good when it is stopped", async () => {
    const prosody = await start();
    const link = linkTo(prosody.componentPort, SECRET);
    link.start();
    await waitFor("the link to be online", () => link.status().state === "online");
    const pid = pidOf();
    process.kill(pid, "SIGKILL");
    await waitFor("another process", () => existsSync(join(directory, "prosody.pid")) && pidOf() !== pid);
    await waitFor("the link to be online", () => link.status().state === "online");
    await link.stop();
    await prosody.stop();
    await waitFor("the end", () => !existsSync(join(directory, "prosody.pid")));
  });

  it("ends what a crashed run left behind, recognised by its command line", async () => {
    await (await start()).stop();
    const orphan = spawn(findProgram("prosody", "prosody"), ["-F", "--config", join(directory, "prosody.cfg.lua")], {
      stdio: "ignore",
    });
    const gone = new Promise((resolve) => orphan.once("exit", resolve));
    await waitFor("the orphan", () => existsSync(join(directory, "prosody.pid")) && pidOf() === orphan.pid);
    await start();
    await gone;
    await waitFor("another process", () => existsSync(join(directory, "prosody.pid")) && pidOf() !== orphan.pid);
  });

  it("says which setting to change when a port is taken", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(ports.clientPort, "127.0.0.1", resolve));
    const failure = await start().then(
      () => "started",
      (error: Error) => error.message,
    );
    expect(failure).to.include(`port ${ports.clientPort} of 127.0.0.1`).and.include("xmpp.managed.clientPort");
    await new Promise((resolve) => other.close(resolve));
  });
});

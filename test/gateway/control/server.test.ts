import { linkSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { callOperation } from "../../../gateway/control/client.ts";
import { OPERATIONS } from "../../../gateway/control/operations.ts";
import { type ControlServer, startControlServer } from "../../../gateway/control/server.ts";
import { type LogLines, logLines } from "../log-lines.ts";
import { type FakeAppliance, fakeAppliance } from "./fake-appliance.ts";

interface HttpAnswer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly json: unknown;
}

describe("the control API on its UNIX socket", () => {
  let directory: string;
  let path: string;
  let appliance: FakeAppliance;
  let heard: LogLines;
  let server: ControlServer | undefined;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "parley-control-"));
    path = join(directory, "parley.sock");
    appliance = await fakeAppliance();
    heard = logLines();
    server = undefined;
  });

  afterEach(async () => {
    await server?.close();
    rmSync(directory, { recursive: true });
  });

  async function start(): Promise<void> {
    server = await startControlServer({ path, appliance, log: heard.log });
  }

  function http(method: string, url: string, body: string | Buffer = ""): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const outgoing = request({ socketPath: path, method, path: url, agent: false }, async (response) => {
        const chunks = await response.toArray();
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode, headers: response.headers, json: JSON.parse(text) });
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  function failureOf(starting: Promise<unknown>): Promise<string> {
    return starting.then(
      () => "started",
      (error: Error) => error.message,
    );
  }

  it("is open to our own user alone, whatever the umask", async () => {
    const umask = process.umask(0);
    try {
      await start();
    } finally {
      process.umask(umask);
    }
    const found = lstatSync(path);
    expect(found.isSocket()).to.equal(true);
    expect(found.mode & 0o777).to.equal(0o600);
    expect(process.umask()).to.equal(umask);
  });

  it("has the socket private before anybody can find it", () => {
    const starting = start();
    // Nothing was awaited yet but the look for a stale socket: either it is not there, or it is private.
    const found = lstatSync(path, { throwIfNoEntry: false });
    expect(found === undefined || (found.mode & 0o777) === 0o600).to.equal(true);
    return starting;
  });

  it("removes the socket when it closes", async () => {
    await start();
    await server?.close();
    server = undefined;
    expect(lstatSync(path, { throwIfNoEntry: false })).to.equal(undefined);
  });

  it("closes though a client holds a connection without a word", async () => {
    await start();
    const silent = connect(path);
    await new Promise((resolve) => silent.once("connect", resolve));
    const hungUp = new Promise((resolve) => silent.once("close", resolve));
    await server?.close();
    server = undefined;
    await hungUp;
    expect(lstatSync(path, { throwIfNoEntry: false })).to.equal(undefined);
  });

  it("finishes the call under way before it closes", async () => {
    await start();
    const { put } = appliance.users;
    let closed: Promise<void> | undefined;
    appliance.users.put = async (user) => {
      closed = server?.close();
      server = undefined;
      await put(user);
    };
    expect((await http("POST", "/v1/user.add", '{"aor":"alice@sip.test","password":"x"}')).status).to.equal(200);
    await closed;
    expect(await appliance.users.get("alice@sip.test")).not.to.equal(undefined);
  });

  it("outlives a client that goes away in the middle of its body", async () => {
    await start();
    const quitter = connect(path);
    await new Promise((resolve) => quitter.once("connect", resolve));
    quitter.write("POST /v1/user.list HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
    quitter.destroy();
    expect((await http("POST", "/v1/user.list")).status).to.equal(200);
    expect(heard.lines).to.deep.equal([]);
  });

  it("takes the place of a socket that a dead daemon left behind", async () => {
    await leaveStaleSocket(path);
    expect(lstatSync(path).isSocket()).to.equal(true);
    await start();
    expect((await http("POST", "/v1/status")).status).to.equal(200);
  });

  it("does not take the place of a daemon that answers", async () => {
    await start();
    expect(await failureOf(startControlServer({ path, appliance, log: heard.log }))).to.equal(
      `control socket ${path}: another Parley answers there: stop it first, or choose another path`,
    );
    expect((await http("POST", "/v1/status")).status).to.equal(200);
  });

  it("does not remove a file that is no socket", async () => {
    writeFileSync(path, "precious");
    expect(await failureOf(start())).to.contain("another file is there");
    expect(lstatSync(path).isFile()).to.equal(true);
  });

  it("says which folder is missing", async () => {
    path = join(directory, "nowhere", "parley.sock");
    expect(await failureOf(start())).to.contain(path);
  });

  describe("answers", () => {
    beforeEach(start);

    it("200 with the result", async () => {
      const { status, headers, json } = await http("POST", "/v1/param.get", '{"name":"im.max-size"}');
      expect(status).to.equal(200);
      expect(headers["content-type"]).to.equal("application/json");
      expect(json).to.have.nested.property("result.value", "10000");
    });

    it("200 to an operation without input and body", async () => {
      expect((await http("POST", "/v1/user.list")).json).to.deep.equal({ result: [] });
    });

    it("409 with code and message when it is refused", async () => {
      expect(await http("POST", "/v1/conversation.expire", '{"id":"c9"}')).to.deep.include({
        status: 409,
        json: {
          refused: {
            code: "not-found",
            message: 'there is no open conversation "c9": conversation list shows those there are',
          },
        },
      });
    });

    const misuses = [
      {
        title: "JSON that is broken off",
        url: "/v1/user.list",
        body: '{"a":',
        status: 400,
        message: /^the input is not JSON/,
      },
      {
        title: "a body that is no JSON",
        url: "/v1/user.list",
        body: "aor=alice",
        status: 400,
        message: /^the input is not JSON/,
      },
      { title: "JSON that is no object", url: "/v1/user.list", body: "null", status: 400, message: /expected object/ },
      {
        title: "a field of the wrong kind",
        url: "/v1/param.get",
        body: '{"name":5}',
        status: 400,
        message: /^name: must be text$/,
      },
      {
        title: "a field too long",
        url: "/v1/param.get",
        body: `{"name":"${"x".repeat(101)}"}`,
        status: 400,
        message: /^name: must have at most 100 characters$/,
      },
      { title: "an unknown field", url: "/v1/param.get", body: '{"nam":"x"}', status: 400, message: /"nam"/ },
      {
        title: "an unknown operation",
        url: "/v1/user.lst",
        body: "",
        status: 404,
        message: /^there is no operation "user\.lst" \(did you mean "user\.list"\?\)$/,
      },
      {
        title: "a name out of the prototype",
        url: "/v1/constructor",
        body: "",
        status: 404,
        message: /^there is no operation/,
      },
      { title: "a path outside", url: "/metrics", body: "", status: 404, message: /^there is nothing at \/metrics/ },
      {
        title: "a body beyond the limit",
        url: "/v1/user.list",
        body: " ".repeat(1024 * 1024 + 1),
        status: 413,
        message: /more than 1048576 bytes/,
      },
    ];
    for (const { title, url, body, status, message } of misuses) {
      it(`${status} to ${title}`, async () => {
        const answer = await http("POST", url, body);
        expect(answer.status).to.equal(status);
        expect(answer.json).to.have.nested.property("error.message").that.matches(message);
      });
    }

    it("200 to a body at the limit", async () => {
      const body = "{}".padEnd(1024 * 1024, " ");
      expect((await http("POST", "/v1/user.list", body)).status).to.equal(200);
    });

    it("405 to another method", async () => {
      expect((await http("GET", "/v1/status")).status).to.equal(405);
      expect((await http("POST", "/v1/operations")).status).to.equal(405);
    });

    it("GET /v1/operations with every operation and the form of its input", async () => {
      const { status, json } = await http("GET", "/v1/operations");
      expect(status).to.equal(200);
      const { result } = json as { result: { name: string; changes: boolean; input: object }[] };
      expect(result.map(({ name }) => name)).to.deep.equal(OPERATIONS.map(({ name }) => name));
      expect(result.find(({ name }) => name === "user.remove")).to.deep.include({ changes: true });
      expect(result.find(({ name }) => name === "user.remove")).to.have.nested.property("input.required[0]", "aor");
    });

    it("500 without the inside of the failure, which is logged", async () => {
      appliance.users.list = () => Promise.reject(new Error("disk full at /secret/place"));
      const { status, json } = await http("POST", "/v1/user.list");
      expect(status).to.equal(500);
      expect(JSON.stringify(json)).not.to.contain("disk full");
      expect(JSON.stringify(heard.lines)).to.contain("disk full");
    });

    it("later calls too after a changing operation failed", async () => {
      const { put } = appliance.users;
      appliance.users.put = () => Promise.reject(new Error("disk full"));
      const input = JSON.stringify({ aor: "alice@sip.test", password: "x" });
      expect((await http("POST", "/v1/user.add", input)).status).to.equal(500);
      appliance.users.put = put;
      expect((await http("POST", "/v1/user.add", input)).status).to.equal(200);
    });

    it("one of two that would add the same account at the same time with a refusal", async () => {
      const input = JSON.stringify({ aor: "alice@sip.test", password: "x" });
      const answers = await Promise.all([http("POST", "/v1/user.add", input), http("POST", "/v1/user.add", input)]);
      expect(answers.map(({ status }) => status)).to.have.members([200, 409]);
    });

    it("and audits what changes something in the name of the CLI", async () => {
      await http("POST", "/v1/param.set", '{"name":"im.max-size","value":"2000"}');
      await http("POST", "/v1/param.list");
      expect(heard.lines).to.have.length(1);
      expect(heard.lines[0]).to.include({ operation: "param.set", by: "cli", before: "10000", after: "2000" });
    });
  });

  describe("through its client", () => {
    const configFile = "/etc/parley/parley.yaml";

    it("gives the result", async () => {
      await start();
      const answer = await callOperation({ path, configFile }, "param.get", { name: "im.enabled" });
      expect(answer.outcome).to.equal("done");
      if (answer.outcome === "done") expect(answer.result.value).to.equal("on");
    });

    it("gives the refusal", async () => {
      await start();
      expect(await callOperation({ path, configFile }, "user.remove", { aor: "x@sip.test" })).to.include({
        outcome: "refused",
        code: "not-found",
      });
    });

    it("gives what was misused", async () => {
      await start();
      const answer = await callOperation({ path, configFile }, "conversation.list", { limit: 0 });
      expect(answer).to.have.property("outcome", "failed");
      expect(answer)
        .to.have.property("message")
        .that.matches(/^limit: /);
    });

    it("says that Parley is not running where there is no socket, or a stale one", async () => {
      const message = `Parley is not running (no answer on ${path}). Start it with: parley serve --config ${configFile}`;
      expect(await callOperation({ path, configFile }, "status", {})).to.deep.equal({ outcome: "failed", message });
      await leaveStaleSocket(path);
      expect(await callOperation({ path, configFile }, "status", {})).to.deep.equal({ outcome: "failed", message });
    });

    it("says so when something else answers", async () => {
      const other = createServer((socket) => socket.resume().end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
      await new Promise<void>((resolve) => other.listen(path, resolve));
      const answer = await callOperation({ path, configFile }, "status", {});
      expect(answer)
        .to.have.property("message")
        .that.matches(/^Parley did not answer on /);
      await new Promise((resolve) => other.close(resolve));
    });
  });
});

/** What a daemon leaves that was killed: a socket file that nobody listens on. */
async function leaveStaleSocket(path: string): Promise<void> {
  const dead = createServer();
  const moved = `${path}.dead`;
  await new Promise<void>((resolve) => dead.listen(moved, resolve));
  linkSync(moved, path);
  await new Promise((resolve) => dead.close(resolve)); // removes only the name that it was opened with
}

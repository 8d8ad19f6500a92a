import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "./find-program.ts";
import { freePort } from "./free-port.ts";
import { ServerProcess } from "./server-process.ts";
import { waitFor } from "./wait-for.ts";
import type { XmppServer, XmppServerOptions } from "./xmpp-server.ts";

const MODULES = [
  "mod_disco",
  "mod_roster",
  "mod_carboncopy",
  "mod_offline",
  "mod_ping",
  "mod_version",
  "mod_privacy",
  "mod_blocking",
  "mod_http_api",
];

interface EjabberdLayout {
  readonly directory: string;
  readonly clientPort: number;
  readonly componentPort: number;
  readonly apiPort: number;
}

/**
 * Starts an ejabberd of its own in a temporary directory and waits until it accepts connections. The Erlang machine is
 * started without ejabberdctl and without distribution: no epmd, no node name, no other user, nothing stays behind.
 */
export async function startEjabberd(options: XmppServerOptions = {}): Promise<XmppServer> {
  const libraries = ejabberdLibraries();
  const command = findProgram("erl", "ejabberd");
  const directory = await mkdtemp(join(tmpdir(), "parley-ejabberd-"));
  const [clientPort, componentPort, apiPort] = [await freePort(), await freePort(), await freePort()];
  const reconfigure = (settings: XmppServerOptions): Promise<void> =>
    writeFile(
      join(directory, "ejabberd.yml"),
      configuration(settings, { directory, clientPort, componentPort, apiPort }),
    );
  await reconfigure(options);
  const server = new ServerProcess({
    command,
    args: ["-noinput", "-mnesia", "dir", JSON.stringify(join(directory, "spool")), "-s", "ejabberd"],
    environment: {
      ERL_LIBS: libraries,
      ERL_CRASH_DUMP: "/dev/null",
      EJABBERD_CONFIG_PATH: join(directory, "ejabberd.yml"),
      EJABBERD_LOG_PATH: join(directory, "ejabberd.log"),
    },
    directory,
    outputFile: join(directory, "output.log"),
    ports: [apiPort, clientPort, componentPort],
  });
  await server.start();
  for (const { jid, password } of options.users ?? []) {
    await register(apiPort, jid, password);
  }
  return {
    host: options.hosts?.[0] ?? "xmpp.test",
    clientPort,
    componentPort,
    logFile: join(directory, "ejabberd.log"),
    addUser: (jid, password) => register(apiPort, jid, password),
    pause: () => server.signal("SIGSTOP"),
    resume: () => server.signal("SIGCONT"),
    reconfigure,
    kill: () => server.end("SIGKILL"),
    restart: async (how) => {
      await server.end(how === "kill" ? "SIGKILL" : "SIGTERM");
      await server.start();
    },
    stop: async () => {
      await server.end("SIGTERM");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Where the Debian package keeps ejabberd's own modules; its start script knows the folder of this machine. */
function ejabberdLibraries(): string {
  const script = readFileSync(findProgram("ejabberdctl", "ejabberd"), "utf8");
  const folder = /^ERL_LIBS='([^']+)'/m.exec(script)?.[1];
  if (folder === undefined) {
    throw new Error("ejabberdctl does not name ERL_LIBS: this is not the Debian package of ejabberd");
  }
  return folder;
}

/** YAML, in its JSON form. */
function configuration(options: XmppServerOptions, layout: EjabberdLayout): string {
  const { clientPort, componentPort, apiPort } = layout;
  const wanted = [...MODULES, ...(options.archive ? ["mod_mam"] : []), ...(options.modules ?? [])];
  const modules = wanted.filter((module) => !options.without?.includes(module));
  const components = (options.components ?? []).map(({ domain, secret }) => [domain, { password: secret }]);
  const loopback = { ip: "127.0.0.1" };
  return JSON.stringify({
    hosts: options.hosts ?? ["xmpp.test"],
    loglevel: "warning",
    auth_method: ["internal"],
    auth_password_format: "plain",
    s2s_access: "none",
    listen: [
      { ...loopback, port: clientPort, module: "ejabberd_c2s", max_stanza_size: 262144, shaper: "none" },
      {
        ...loopback,
        port: componentPort,
        module: "ejabberd_service",
        global_routes: false,
        hosts: Object.fromEntries(components),
      },
      { ...loopback, port: apiPort, module: "ejabberd_http", request_handlers: { "/api": "mod_http_api" } },
    ],
    acl: { loopback: { ip: ["127.0.0.0/8"] } },
    api_permissions: { tests: { who: [{ acl: "loopback" }], what: ["register"] } },
    modules: Object.fromEntries(modules.map((module) => [module, {}])),
  });
}

async function register(apiPort: number, jid: string, password: string): Promise<void> {
  const [user, host] = jid.split("@");
  await waitFor(`ejabberd to register ${jid}`, async () => {
    const response = await fetch(`http://127.0.0.1:${apiPort}/api/register`, {
      method: "POST",
      body: JSON.stringify({ user, host, password }),
    });
    return response.ok;
  });
}

// `npm start`: sets up what is missing, then runs Parley. Runs before node_modules exists.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { ensureDebianPackages, prosody } from "./debian-packages.mjs";
import { ensureBuild, ensureNodeVersion, ensureNpmPackages, repository, SetupError } from "./packages.mjs";

const usage = `npm start -- [--directory DIR] [--config FILE] [--no-self-check]

Runs Parley, a gateway for instant messages between SIP and XMPP, with everything that it needs on this machine.

What it does
  1. npm packages: installs the locked versions into node_modules/ when they are missing (npm ci)
  2. build: compiles the sources into dist/ when they have changed
  3. settings: writes DIR/parley.yaml when there is none
  4. Prosody, an XMPP server: installs the Debian package when it is missing. Only root can; for others it prints the
     command and ends. Debian's own Prosody service is neither started nor enabled: Parley runs a private one.
  5. runs the gateway, makes the accounts alice and bob (SIP), juliet and romeo (XMPP), and shows what to type into
     a softphone and an XMPP client
  6. self-check: one message each way between clients of its own, whose accounts are removed afterwards

Options
  --directory DIR   where all files go (default: var)
  --config FILE     settings of your own; log and accounts go beside them, nothing is written into them
  --no-self-check   leave out step 6

Files in DIR
  parley.yaml   the settings: domains, addresses, ports. Yours to change
  accounts.json the accounts with their passwords, readable for you only
  parley.db     users, registered phones, messages that wait
  parley.sock   the control socket of the command line
  parley.log    the log
  prosody/      all that belongs to the private Prosody

Ports, on 127.0.0.1 only: 5060 UDP and TCP for SIP, 5222 for XMPP clients, 5347 between Prosody and the gateway. Where one
is taken at the first start, the next free one is written into parley.yaml.

To end it: Ctrl-C, or SIGTERM. What is under way is finished, then the gateway and its Prosody end.

With an XMPP server that you have: in parley.yaml, write its component port and secret instead of "managed", as the
comment there shows. In Prosody that is
  Component "sip.test"
    component_secret = "..."
To start over: end it and remove DIR.`;

/** @param {{ file: string, createMissing: boolean, selfCheck: boolean }} options */
async function start({ file, createMissing, selfCheck }) {
  ensureNodeVersion();
  await ensureNpmPackages();
  await ensureBuild();
  const { openSettings, runGateway, StartProblem } = await import("../dist/start/first-run.js");
  try {
    const config = await openSettings(file, createMissing);
    if (config.xmpp.server === "managed") await ensureDebianPackages([prosody]);
    return await runGateway(config, { selfCheck });
  } catch (problem) {
    if (problem instanceof StartProblem) throw new SetupError(problem.message);
    throw problem;
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      directory: { type: "string" },
      config: { type: "string" },
      "self-check": { type: "boolean", default: true },
      help: { type: "boolean" },
    },
    allowNegative: true,
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const from = process.env["INIT_CWD"] ?? process.cwd(); // npm itself changes to the repository
  const directory = values.directory === undefined ? resolve(repository, "var") : resolve(from, values.directory);
  const file = values.config === undefined ? resolve(directory, "parley.yaml") : resolve(from, values.config);
  return start({ file, createMissing: values.config === undefined, selfCheck: values["self-check"] });
}

try {
  process.exit(await main());
} catch (problem) {
  console.error(
    problem instanceof SetupError || problem?.code?.startsWith("ERR_PARSE_ARGS") ? problem.message : problem,
  );
  process.exit(1);
}

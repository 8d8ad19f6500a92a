import { dirname, join } from "node:path";
import { type Config, formatProblem, loadConfig } from "../gateway/config.ts";
import { callOperation } from "../gateway/control/client.ts";
import { type Account, type Accounts, newAccount, readAccounts, writeAccounts } from "./accounts-file.ts";
import { GatewayProcess } from "./gateway-process.ts";
import { operate } from "./operations.ts";
import { isFree } from "./ports.ts";
import { selfCheck } from "./self-check.ts";
import { ensureSettingsFile } from "./settings-file.ts";
import { welcome } from "./welcome.ts";
import { managedAccounts, type XmppAccounts } from "./xmpp-accounts.ts";

/** Something that the person at the keyboard has to put right; the message says what and how. */
export class StartProblem extends Error {}

/** Reads the settings; writes them first where `createMissing` is set and there are none. */
export async function openSettings(file: string, createMissing: boolean): Promise<Config> {
  if (createMissing && (await ensureSettingsFile(file))) console.log(`settings: written to ${file}`);
  const loaded = loadConfig(file);
  for (const warning of loaded.warnings) console.log(`settings: warning: ${formatProblem(warning)}`);
  if (loaded.ok) return loaded.config;
  const problems = loaded.problems.map((problem) => `  ${formatProblem(problem)}`).join("\n");
  throw new StartProblem(`${file} has to be put right:\n${problems}`);
}

/** Runs the gateway until a signal ends it; gives the exit code. */
export async function runGateway(config: Config, options: { readonly selfCheck: boolean }): Promise<number> {
  await requireFreePorts(config);
  const logFile = join(dirname(config.file), "parley.log");
  console.log(`gateway: starting, log in ${logFile} ...`);
  const gateway = GatewayProcess.start({ configFile: config.file, logFile });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => onSignal(gateway));
  try {
    await openHouse({ config, gateway, logFile, selfCheck: options.selfCheck });
  } catch (problem) {
    if (!gateway.stopping) return await giveUp(gateway, logFile, problem as Error);
  }
  const end = await gateway.ended;
  if (!gateway.stopping) return await giveUp(gateway, logFile, new Error(`the gateway ended by itself (${end})`));
  console.log(end === "exit code 0" ? "Parley has ended in order." : `Parley has ended with ${end}; see ${logFile}`);
  return end === "exit code 0" ? 0 : 1;
}

interface House {
  readonly config: Config;
  readonly gateway: GatewayProcess;
  readonly logFile: string;
  readonly selfCheck: boolean;
}

async function openHouse({ config, gateway, logFile, selfCheck: checking }: House): Promise<void> {
  console.log(`gateway: ${await gateway.ready()}`);
  const xmppAccounts = managedAccounts(config);
  const accounts = await ensureAccounts(config, xmppAccounts);
  console.log(`\n${welcome({ config, accounts, logFile })}\n`);
  const print = (line: string): void => {
    if (!gateway.stopping) console.log(line);
  };
  const well = checking ? await selfCheck({ config, xmppAccounts, print }) : true;
  if (!well) print(`self-check: look into ${logFile}`);
  print("\nParley runs. Ctrl-C ends it.");
}

function onSignal(gateway: GatewayProcess): void {
  if (gateway.stopping) {
    gateway.hurry();
    return;
  }
  console.log("\nending: finishing what is under way ...");
  void gateway.stop();
}

async function giveUp(gateway: GatewayProcess, logFile: string, problem: Error): Promise<number> {
  console.error(`\n${problem.message}`);
  await gateway.stop();
  console.error(`The last lines of ${logFile}:\n\n${gateway.lastLogLines()}`);
  return 1;
}

/** SIP ports that are kept in the settings may be somebody else's today. Those of Prosody are the gateway's to check. */
async function requireFreePorts(config: Config): Promise<void> {
  const running = await callOperation({ path: config.control, configFile: config.file }, "status", {});
  if (running.outcome === "done") {
    throw new StartProblem(`Parley runs already with ${config.file} (it answers on ${config.control}). End it first.`);
  }
  const wanted = config.sip.listen.filter(({ port }) => port !== 0);
  const free = await Promise.all(wanted.map(isFree));
  const taken = wanted.filter((_, index) => free[index] === false);
  if (taken.length === 0) return;
  const list = taken.map(({ protocol, address, port }) => `  ${protocol} ${address} port ${port}`).join("\n");
  throw new StartProblem(`Another program has what ${config.file} names:
${list}
\`ss -lptun\` (as root) shows which program it is. End it, or name other ports in ${config.file}.`);
}

/** Makes the accounts of the first start; an account that was made once is not made again. */
async function ensureAccounts(config: Config, xmppAccounts: XmppAccounts | undefined): Promise<Accounts> {
  const file = join(dirname(config.file), "accounts.json");
  const accounts = readAccounts(file) ?? {
    sip: ["alice", "bob"].map((user) => newAccount(`${user}@${config.sip.domains[0]}`)),
    xmpp: xmppAccounts ? ["juliet", "romeo"].map((user) => newAccount(`${user}@${config.xmpp.domains[0]}`)) : [],
  };
  writeAccounts(file, accounts); // before they are made: a start that is cut short knows the passwords
  const sip = await each(accounts.sip, (account) => makeSipAccount(config, account));
  const xmpp =
    xmppAccounts === undefined
      ? []
      : await each(accounts.xmpp, (account) => xmppAccounts.put(account.address, account.password));
  const made = { sip, xmpp: xmppAccounts === undefined ? accounts.xmpp : xmpp };
  writeAccounts(file, made);
  return { sip: await stillThere(config, sip), xmpp };
}

async function each(
  accounts: readonly Account[],
  make: (account: Account) => Promise<void>,
): Promise<readonly Account[]> {
  const made: Account[] = [];
  for (const account of accounts) {
    if (!account.made) await make(account);
    made.push({ ...account, made: true });
  }
  return made;
}

async function makeSipAccount(config: Config, { address, password }: Account): Promise<void> {
  const input = { aor: address, password };
  const added = await operate(config, "user.add", input);
  if (added.outcome === "done") return;
  // It is there, but its password is written nowhere: accounts.json was lost.
  const changed = added.code === "exists" ? await operate(config, "user.password", input) : added;
  if (changed.outcome === "refused") throw new Error(`the account ${address} could not be made: ${changed.message}`);
}

async function stillThere(config: Config, accounts: readonly Account[]): Promise<readonly Account[]> {
  const users = await operate(config, "user.list", {});
  if (users.outcome === "refused") return accounts;
  const known = new Set(users.result.map((user) => user.aor));
  return accounts.filter((account) => known.has(account.address));
}

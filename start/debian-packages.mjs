// Set-up of the Debian packages. Runs before node_modules exists, so it imports nothing but Node.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lastLines, run, SetupError } from "./packages.mjs";

/**
 * @typedef {object} DebianPackage
 * @property {string} package
 * @property {string} [binary] found in the PATH, it stands for the package, wherever it comes from
 * @property {string} [service] what the package would start at every boot
 */

/** @type {DebianPackage} */
export const prosody = { package: "prosody", binary: "prosody", service: "prosody" };

/**
 * Installs what is missing. The services that come with the packages are neither started nor enabled:
 * Parley and its tests start processes of their own. A package that was there before is left as it is.
 * @param {readonly DebianPackage[]} wanted
 */
export async function ensureDebianPackages(wanted) {
  const missing = wanted.filter((each) => !isPresent(each));
  if (missing.length === 0) return;
  const names = missing.map((each) => each.package);
  console.log(`Debian packages: ${names.join(", ")} missing`);
  const services = missing.flatMap((each) => each.service ?? []);
  if (!findBinary("apt-get")) throw new SetupError(withoutApt(names));
  if (process.getuid?.() !== 0) throw new SetupError(withoutRoot(names, services));
  await withoutStartingServices(() => install(names));
  for (const service of services) await keepFromBooting(service);
  const left = missing.filter((each) => !isPresent(each)).map((each) => each.package);
  if (left.length > 0) throw new SetupError(`apt-get installed ${left.join(", ")}, but the programs cannot be found.`);
}

/** @param {DebianPackage} wanted */
function isPresent(wanted) {
  if (wanted.binary !== undefined && findBinary(wanted.binary)) return true;
  const query = spawnSync("dpkg-query", ["--status", wanted.package], { encoding: "utf8" });
  return query.status === 0 && /^Status: .* installed$/m.test(query.stdout);
}

/**
 * /usr/sbin and /sbin are not in everybody's PATH.
 * @param {string} name
 */
function findBinary(name) {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/games"];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** @param {readonly string[]} names */
function installCommand(names) {
  return `apt-get install -y --no-install-recommends ${names.join(" ")}`;
}

/** @param {readonly string[]} names */
async function install(names) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options = ["-o", "DPkg::Lock::Timeout=300"]; // seconds: another apt may be at work on this machine
  console.log("Debian packages: apt-get update ...");
  const update = await run("apt-get", [...options, "update"], env); // one dead mirror is no reason to stop here
  console.log(`Debian packages: ${installCommand(names)} ...`);
  const { code, output } = await run("apt-get", [...options, ...installCommand(names).split(" ").slice(1)], env);
  if (code === 0) return;
  const updateOutput =
    update.code === 0 ? "" : `\n\napt-get update had failed before that:\n${lastLines(update.output)}`;
  throw new SetupError(`${installCommand(names)} failed:\n\n${lastLines(output)}${updateOutput}

Is the network up? On Ubuntu, is the component "universe" enabled? When the command works by hand, run this again.`);
}

const policyFile = "/usr/sbin/policy-rc.d";
const policyMark = "# Written by Parley's set-up for the time of one apt-get; may be removed.";

/**
 * invoke-rc.d asks /usr/sbin/policy-rc.d before it starts a service; exit code 101 forbids it.
 * A policy that the administrator has put there stays in force instead of ours.
 * @param {() => Promise<void>} action
 */
async function withoutStartingServices(action) {
  const ours = existsSync(policyFile) && readFileSync(policyFile, "utf8").includes(policyMark); // of a run that was killed
  if (existsSync(policyFile) && !ours) return action();
  const remove = () => rmSync(policyFile, { force: true });
  /** @param {NodeJS.Signals} signal */
  const onSignal = (signal) => {
    remove();
    process.off(signal, onSignal);
    process.kill(process.pid, signal);
  };
  const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
  for (const signal of signals) process.on(signal, onSignal);
  try {
    writeFileSync(policyFile, `#!/bin/sh\n${policyMark}\nexit 101\n`, { mode: 0o755 });
    await action();
  } finally {
    remove();
    for (const signal of signals) process.off(signal, onSignal);
  }
}

/**
 * With --now, because the administrator's own policy-rc.d may have let it start.
 * @param {string} service
 */
async function keepFromBooting(service) {
  const { code, output } = existsSync("/run/systemd/system")
    ? await run("systemctl", ["disable", "--now", service])
    : await run("update-rc.d", [service, "disable"]);
  const result =
    code === 0 ? "its own service stays off" : `its service could not be disabled: ${lastLines(output, 2)}`;
  console.log(`Debian packages: ${service}: ${result}`);
}

/**
 * @param {readonly string[]} names
 * @param {readonly string[]} services
 */
function withoutRoot(names, services) {
  const disable = services.map((service) => `\n  sudo systemctl disable --now ${service}`).join("");
  const why =
    services.length > 0 ? "\nThe service that comes with the package is not needed, hence the second line." : "";
  return `This needs Debian packages that only root can install. Please run:

  sudo ${installCommand(names)}${disable}

and then the same command again.${why}`;
}

/** @param {readonly string[]} names */
function withoutApt(names) {
  return `There is no apt-get here. Please install what Debian calls ${names.join(", ")} and run the same command again.`;
}

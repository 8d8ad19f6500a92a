// Set-up of the npm packages and of dist/. Runs before node_modules exists, so it imports nothing but Node.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const repository = dirname(dirname(fileURLToPath(import.meta.url)));

/** A step of the set-up that this machine refused; the message is for people and names the way out. */
export class SetupError extends Error {}

/** @typedef {{ code: number, output: string }} Outcome `code` is 127 when the command cannot be started */

/**
 * Runs a command without stdin in the repository and keeps what it prints.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<Outcome>}
 */
export function run(command, args, env = process.env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: repository, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    child.on("error", (problem) => resolve({ code: 127, output: problem.message }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/**
 * @param {string} output
 * @param {number} [lines]
 */
export function lastLines(output, lines = 20) {
  return output.trimEnd().split("\n").slice(-lines).join("\n");
}

/** Refuses a Node.js that package.json does not name. */
export function ensureNodeVersion() {
  const wanted = readJson("package.json").engines.node.replace(">=", "");
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split(".").map(Number);
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  throw new SetupError(
    `Node.js ${wanted} or newer is needed; this is ${process.versions.node}. See https://nodejs.org/`,
  );
}

/** Installs the locked npm packages when any of them is missing or of another version. */
export async function ensureNpmPackages() {
  if (!npmPackagesAreComplete()) await installNpmPackages();
  if (sqliteLoads()) return;
  console.log("npm packages: better-sqlite3 was built for another Node.js, building it again ...");
  const { code, output } = await run("npm", ["rebuild", "better-sqlite3"]);
  if (code !== 0 || !sqliteLoads()) throw new SetupError(npmFailure("npm rebuild better-sqlite3", output));
}

async function installNpmPackages() {
  console.log("npm packages: installing the locked versions (npm ci) ...");
  const options = ["--include=dev", "--no-audit", "--no-fund"];
  const strict = await run("npm", ["ci", ...options]);
  if (strict.code === 0) return;
  if (!lacksOptionalPackagesOnly(strict.output)) throw new SetupError(npmFailure("npm ci", strict.output));
  console.log("npm packages: package-lock.json has no builds for other platforms, installing with npm install ...");
  const { code, output } = await run("npm", ["install", "--no-save", ...options]);
  if (code !== 0) throw new SetupError(npmFailure("npm install --no-save", output));
}

/**
 * A lock file that was written where the registry had not the builds for every platform lacks those optional packages.
 * npm ci takes no such file; npm install does, and keeps to the versions in it.
 * @param {string} output
 */
function lacksOptionalPackagesOnly(output) {
  const locked = Object.values(readJson("package-lock.json").packages);
  const optional = new Set(locked.flatMap((entry) => Object.keys(entry.optionalDependencies ?? {})));
  const missing = [...output.matchAll(/Missing: (\S+)@\S* from lock file/g)].map((match) => match[1]);
  return missing.length > 0 && missing.every((name) => optional.has(name)) && !output.includes("Invalid: ");
}

/** npm writes what it installed into node_modules/.package-lock.json; optional packages depend on the platform. */
function npmPackagesAreComplete() {
  if (!existsSync(join(repository, "node_modules/.package-lock.json"))) return false;
  const locked = readJson("package-lock.json").packages;
  const installed = readJson("node_modules/.package-lock.json").packages;
  return Object.entries(locked).every(
    ([path, entry]) => path === "" || entry.optional || installed[path]?.version === entry.version,
  );
}

function sqliteLoads() {
  const script = 'new (require("better-sqlite3"))(":memory:").close()';
  return spawnSync(process.execPath, ["-e", script], { cwd: repository, stdio: "ignore" }).status === 0;
}

/**
 * @param {string} command
 * @param {string} output
 */
function npmFailure(command, output) {
  return `${command} failed:

${lastLines(output)}

The database driver better-sqlite3 has a native part. npm fetches it ready-made where that is possible and otherwise
builds it with node-gyp, which needs Python 3, make and a C++ compiler:
  sudo apt-get install -y python3 make g++
Then run the same command again.`;
}

const stamp = "dist/.built-from";

/** Compiles dist/ anew when it does not come from exactly these sources; so no file of a deleted source stays in it. */
export async function ensureBuild() {
  const sources = sourceList();
  if (existsSync(join(repository, stamp)) && readFileSync(join(repository, stamp), "utf8") === sources) return;
  console.log("build: compiling the TypeScript sources into dist/ ...");
  rmSync(join(repository, "dist"), { recursive: true, force: true });
  const { code, output } = await run(process.execPath, ["node_modules/typescript/bin/tsc"]);
  if (code !== 0) throw new SetupError(`The sources do not compile:\n\n${lastLines(output, 40)}`);
  writeFileSync(join(repository, stamp), sources);
}

/** Path, size and time of change of all that the build reads. */
function sourceList() {
  const rooms = readJson("tsconfig.json").include.filter((/** @type {string} */ room) =>
    existsSync(join(repository, room)),
  );
  const files = rooms.flatMap((/** @type {string} */ room) =>
    readdirSync(join(repository, room), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(room, name)),
  );
  return [...files, "tsconfig.json", "package-lock.json"]
    .sort()
    .map((file) => {
      const { size, mtimeMs } = statSync(join(repository, file));
      return `${file} ${size} ${mtimeMs}\n`;
    })
    .join("");
}

/** @param {string} file */
function readJson(file) {
  return JSON.parse(readFileSync(join(repository, file), "utf8"));
}

// `npm test`: sets up what the tests need, checks the sources, runs the tests. `npm test -- --help` tells the options.
import { readdirSync } from "node:fs";
import { join, sep } from "node:path";
import { parseArgs } from "node:util";
import { ensureDebianPackages, prosody } from "../start/debian-packages.mjs";
import { ensureBuild, ensureNodeVersion, ensureNpmPackages, repository, run, SetupError } from "../start/packages.mjs";

const usage = `npm test -- [--unit] [--grep TEXT]

  --unit       only the tests outside test/scenarios: no client or server of another project is needed
  --grep TEXT  only the tests whose full title contains TEXT

Installs the locked npm packages and, as root, the Debian packages that are missing; builds dist/; checks types, style
and unused code; runs the tests. The last line is "N passed, M failed".`;

/** The servers and clients of other projects that the scenarios drive. */
const debianPackages = [
  prosody,
  { package: "prosody-modules" },
  { package: "ejabberd", binary: "ejabberdctl", service: "ejabberd" },
  { package: "sip-tester", binary: "sipp" },
  { package: "linphone-cli", binary: "linphonec" }, // brings liblinphone, which test/peers/linphone.py drives
  { package: "baresip-core", binary: "baresip" },
  { package: "profanity", binary: "profanity" },
  { package: "tmux", binary: "tmux" },
  { package: "python3", binary: "/usr/bin/python3" },
  { package: "python3-slixmpp" },
  { package: "openssl", binary: "openssl" },
];

const unitTimeoutMs = 10_000;
const scenarioTimeoutMs = 60_000; // they start real servers and clients, on machines that may be small and busy

/** @typedef {{ passed: number, failed: number }} Result */

/**
 * @param {readonly string[]} files
 * @param {{ timeout: number, grep: string | undefined }} options
 * @returns {Promise<Result>}
 */
async function runTests(files, { timeout, grep }) {
  const { default: Mocha } = await import("mocha");
  const mocha = new Mocha({ reporter: "spec", timeout, forbidOnly: true, forbidPending: true });
  if (grep !== undefined) mocha.fgrep(grep);
  for (const file of files) mocha.addFile(file);
  await mocha.loadFilesAsync();
  refuseLooseHooks(mocha);
  return new Promise((resolve) => {
    const runner = mocha.run(() => resolve({ passed: runner.stats.passes, failed: runner.stats.failures }));
  });
}

/**
 * A hook outside of every describe would run for the tests of all files.
 * @param {import("mocha")} mocha
 */
function refuseLooseHooks(mocha) {
  const kinds = ["beforeAll", "beforeEach", "afterEach", "afterAll"];
  const loose = kinds.flatMap((kind) => mocha.suite.getHooks(kind));
  if (loose.length === 0) return;
  throw new SetupError(`Outside of every describe stand: ${loose.map((hook) => hook.title).join(", ")}`);
}

/** @param {(file: string) => boolean} wanted */
function testFiles(wanted) {
  const folder = join(repository, "dist/test");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.js") && wanted(file))
    .sort()
    .map((file) => join(folder, file));
}

/** @param {string} file */
const isScenario = (file) => file.startsWith(`scenarios${sep}`);

async function checkSources() {
  console.log("check: types, style, unused code ...");
  const { code, output } = await run("npm", ["run", "--silent", "check"]);
  if (code !== 0) throw new SetupError(`npm run check failed:\n\n${output.trimEnd()}`);
}

/**
 * @param {{ unit: boolean, grep: string | undefined }} options
 * @returns {Promise<Result>}
 */
async function main({ unit, grep }) {
  ensureNodeVersion();
  await ensureNpmPackages();
  if (!unit) await ensureDebianPackages(debianPackages);
  await ensureBuild();
  if (grep === undefined) await checkSources();
  process.chdir(repository); // tests read their vectors relative to it
  const units = await runTests(
    testFiles((file) => !isScenario(file)),
    { timeout: unitTimeoutMs, grep },
  );
  if (unit) return units;
  const scenarios = await runTests(testFiles(isScenario), { timeout: scenarioTimeoutMs, grep });
  return { passed: units.passed + scenarios.passed, failed: units.failed + scenarios.failed };
}

/** @returns {Promise<Result>} */
async function mainOrReason() {
  try {
    const { values } = parseArgs({
      options: { unit: { type: "boolean" }, grep: { type: "string" }, help: { type: "boolean" } },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    return await main({ unit: values.unit ?? false, grep: values.grep });
  } catch (problem) {
    console.error(problem instanceof SetupError ? problem.message : problem);
    return { passed: 0, failed: 1 }; // what stops the tests from running counts as one failure
  }
}

const { passed, failed } = await mainOrReason();
if (passed + failed === 0) console.log("No test has that title.");
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1); // also when a failed test has left a socket open

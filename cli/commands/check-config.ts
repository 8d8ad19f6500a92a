import type { Command } from "commander";
import { formatProblem, loadConfig } from "../../gateway/config.ts";
import type { GlobalOptions } from "../call.ts";
import { configFileOf } from "../config-file.ts";
import { EXIT } from "../exit-codes.ts";

/** `parley check-config`. */
export function addCheckConfigCommand(program: Command): void {
  program
    .command("check-config")
    .description("check the configuration file and name every problem")
    .action((_options: unknown, command: Command) => checkConfig(command.optsWithGlobals<GlobalOptions>()));
}

function checkConfig(options: GlobalOptions): void {
  const loaded = loadConfig(configFileOf(options.config));
  const problems = loaded.ok ? [] : loaded.problems;
  if (!loaded.ok) process.exitCode = EXIT.misused;
  if (options.json) {
    console.log(JSON.stringify({ valid: loaded.ok, problems, warnings: loaded.warnings }, null, 2));
    return;
  }
  for (const warning of loaded.warnings) console.error(`warning: ${formatProblem(warning)}`);
  for (const problem of problems) console.error(formatProblem(problem));
  if (loaded.ok) console.log("configuration is valid");
}

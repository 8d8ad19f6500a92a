import { setFlagsFromString } from "node:v8";
import type { Command } from "commander";
import { type Config, formatProblem, loadConfig } from "../../gateway/config.ts";
import type { GlobalOptions } from "../call.ts";
import { configFileOf } from "../config-file.ts";
import { EXIT } from "../exit-codes.ts";
import { type RunningGateway, runUntilSignal } from "../run-until-signal.ts";

/** `parley serve`: the daemon. */
export function addServeCommand(program: Command): void {
  program
    .command("serve")
    .description("run the gateway until SIGTERM")
    .action((_options: unknown, command: Command) => serve(command.optsWithGlobals<GlobalOptions>()));
}

async function serve(options: GlobalOptions): Promise<void> {
  const loaded = loadConfig(configFileOf(options.config));
  for (const warning of loaded.warnings) console.error(`warning: ${formatProblem(warning)}`);
  if (!loaded.ok) {
    for (const problem of loaded.problems) console.error(formatProblem(problem));
    process.exitCode = EXIT.misused;
    return;
  }
  const { config } = loaded;
  const code = await runUntilSignal({
    start: () => start(config),
    signals: process,
    print: (line) => console.log(line),
    complain: (line) => console.error(line),
    exitAtOnce: (status) => process.exit(status),
  });
  process.exit(code);
}

/** Loaded here and not above: no other command needs the gateway, and each starts faster without it. */
async function start(config: Config): Promise<RunningGateway> {
  // V8 lets a busy heap grow to several times what lives in it; a third more is enough, for a few percent of the processor.
  setFlagsFromString("--heap-growing-percent=30");
  const [{ startGateway }, { createLogger, flush }] = await Promise.all([
    import("../../gateway/main.ts"),
    import("../logger.ts"),
  ]);
  const log = createLogger(config.log);
  const gateway = await startGateway({ config, log });
  return { ready: gateway.ready, stop: () => gateway.stop().finally(() => flush(log)) };
}

import type { Command } from "commander";
import { formatProblem, loadControlPath } from "../gateway/config.ts";
import { callOperation } from "../gateway/control/client.ts";
import type { InputOf, OperationName, ResultOf } from "../gateway/control/operations.ts";
import { configFileOf } from "./config-file.ts";
import { EXIT } from "./exit-codes.ts";

/** The options that every command takes; they stand on the program. */
export interface GlobalOptions {
  readonly config?: string;
  readonly json?: boolean;
}

interface Call<Name extends OperationName> {
  readonly name: Name;
  readonly input: InputOf<Name>;
  /** The result as text for people. */
  readonly show: (result: ResultOf<Name>) => string;
}

/** Calls the running daemon, prints the result and sets the exit code. */
export async function callAndPrint<Name extends OperationName>(command: Command, call: Call<Name>): Promise<void> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const configFile = configFileOf(options.config);
  const loaded = loadControlPath(configFile);
  if (!loaded.ok) {
    for (const problem of loaded.problems) console.error(formatProblem(problem));
    process.exitCode = EXIT.misused;
    return;
  }
  const answer = await callOperation({ path: loaded.control, configFile }, call.name, call.input);
  switch (answer.outcome) {
    case "done":
      console.log(options.json ? JSON.stringify(answer.result, null, 2) : call.show(answer.result));
      return;
    case "refused": {
      const { code, message } = answer;
      if (options.json) console.log(JSON.stringify({ refused: { code, message } }, null, 2));
      else console.error(`refused: ${message}`);
      process.exitCode = EXIT.refused;
      return;
    }
    case "failed":
      console.error(answer.message);
      process.exitCode = EXIT.misused;
      return;
  }
}

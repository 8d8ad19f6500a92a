#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { VERSION } from "../gateway/control/version.ts";
import { addCheckConfigCommand } from "./commands/check-config.ts";
import { addConversationCommands } from "./commands/conversation.ts";
import { addDocsCommand } from "./commands/docs.ts";
import { addMessageCommands } from "./commands/message.ts";
import { addParamCommands } from "./commands/param.ts";
import { addServeCommand } from "./commands/serve.ts";
import { addStatusCommand } from "./commands/status.ts";
import { addUserCommands } from "./commands/user.ts";
import { EXIT } from "./exit-codes.ts";

const program = new Command("parley")
  .description("SIP/XMPP gateway: instant messages between SIP softphones and XMPP clients")
  .version(VERSION)
  .option("--config <file>", "the configuration file (default: ./parley.yaml, then ./var/parley.yaml)")
  .option("--json", "print JSON")
  .configureHelp({ showGlobalOptions: true })
  // Commands made below inherit this: a mistake is thrown, so that its exit code is ours and not 1.
  .exitOverride();

addServeCommand(program);
addCheckConfigCommand(program);
addStatusCommand(program);
addUserCommands(program);
addParamCommands(program);
addConversationCommands(program);
addMessageCommands(program);
addDocsCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Commander has printed what was wrong, or the help or the version that was asked for.
  process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.misused;
}

import type { Command } from "commander";
import type { ResultOf } from "../../gateway/control/operations.ts";
import { callAndPrint } from "../call.ts";
import { EXIT } from "../exit-codes.ts";
import { readPassword } from "../password.ts";
import { type Column, formatTable, formatTime } from "../table.ts";

/** `parley user …`. */
export function addUserCommands(program: Command): void {
  const user = program.command("user").description("SIP accounts");

  user
    .command("add <user@domain>")
    .description("make an account; the password is read from standard input, or asked for")
    .action((aor: string, _options: unknown, command: Command) =>
      withPassword((password) =>
        callAndPrint(command, {
          name: "user.add",
          input: { aor, password },
          show: (made) => `added ${made.aor}; the phone signs in with user name ${made.username}`,
        }),
      ),
    );

  user
    .command("list")
    .description("list the accounts")
    .action((_options: unknown, command: Command) =>
      callAndPrint(command, { name: "user.list", input: {}, show: (rows) => formatTable(USER_COLUMNS, rows) }),
    );

  user
    .command("remove <user@domain>")
    .description("remove an account, its bindings and what waits for it")
    .action((aor: string, _options: unknown, command: Command) =>
      callAndPrint(command, { name: "user.remove", input: { aor }, show: formatRemoved }),
    );

  user
    .command("password <user@domain>")
    .description("give an account a new password; it is read from standard input, or asked for")
    .action((aor: string, _options: unknown, command: Command) =>
      withPassword((password) =>
        callAndPrint(command, {
          name: "user.password",
          input: { aor, password },
          show: (changed) => `${changed.aor} has a new password`,
        }),
      ),
    );
}

const USER_COLUMNS: readonly Column<ResultOf<"user.list">[number]>[] = [
  { title: "USER", cell: (row) => row.aor },
  { title: "BINDINGS", cell: (row) => row.bindings, align: "right" },
  { title: "MADE (UTC)", cell: (row) => formatTime(row.createdAt) },
];

async function withPassword(then: (password: string) => Promise<void>): Promise<void> {
  const read = await readPassword({ input: process.stdin, prompts: process.stderr });
  if (read.ok) return then(read.password);
  console.error(read.why);
  process.exitCode = EXIT.misused;
}

function formatRemoved({ aor, messages }: ResultOf<"user.remove">): string {
  return messages === 0 ? `removed ${aor}` : `removed ${aor}; the senders of ${messages} messages that waited are told`;
}

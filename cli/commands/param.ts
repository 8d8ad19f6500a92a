import type { Command } from "commander";
import type { ResultOf } from "../../gateway/control/operations.ts";
import { callAndPrint } from "../call.ts";
import { type Column, formatFacts, formatTable, formatTime } from "../table.ts";

/** `parley param …`. */
export function addParamCommands(program: Command): void {
  const param = program.command("param").description("service parameters; a change takes effect on the next message");

  param
    .command("list")
    .description("list the parameters")
    .action((_options: unknown, command: Command) =>
      callAndPrint(command, { name: "param.list", input: {}, show: (rows) => formatTable(PARAM_COLUMNS, rows) }),
    );

  param
    .command("get <name>")
    .description("show one parameter")
    .action((name: string, _options: unknown, command: Command) =>
      callAndPrint(command, { name: "param.get", input: { name }, show: formatParameter }),
    );

  param
    .command("set <name> <value>")
    .description("change a parameter")
    .action((name: string, value: string, _options: unknown, command: Command) =>
      callAndPrint(command, { name: "param.set", input: { name, value }, show: formatChange }),
    );

  param
    .command("reset <name>")
    .description("give a parameter its default again")
    .action((name: string, _options: unknown, command: Command) =>
      callAndPrint(command, { name: "param.reset", input: { name }, show: formatChange }),
    );
}

type Row = ResultOf<"param.get">;

const PARAM_COLUMNS: readonly Column<Row>[] = [
  { title: "PARAMETER", cell: (row) => row.name },
  { title: "VALUE", cell: (row) => row.value },
  { title: "DEFAULT", cell: (row) => row.default },
  { title: "RANGE", cell: (row) => row.range },
  { title: "CHANGED (UTC)", cell: formatChanged },
];

function formatParameter(row: Row): string {
  return formatFacts([
    [row.name, row.value],
    ["default", row.default],
    ["range", row.range],
    ["changed", formatChanged(row) || "never"],
    ["meaning", row.help],
  ]);
}

function formatChanged({ changedAt, changedBy }: Row): string {
  return changedAt === undefined ? "" : `${formatTime(changedAt)} by ${changedBy ?? "?"}`;
}

function formatChange({ name, before, after }: ResultOf<"param.set">): string {
  return `${name}: ${before === after ? `${after} as before` : `${before} -> ${after}`}`;
}

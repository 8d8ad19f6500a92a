import type { Command } from "commander";
import type { ResultOf } from "../../gateway/control/operations.ts";
import { callAndPrint } from "../call.ts";
import { formatDuration, formatFacts, formatTime } from "../table.ts";

/** `parley status`. */
export function addStatusCommand(program: Command): void {
  program
    .command("status")
    .description("show how the gateway is doing")
    .action((_options: unknown, command: Command) =>
      callAndPrint(command, { name: "status", input: {}, show: formatStatus }),
    );
}

type Status = ResultOf<"status">;
type Link = Status["links"][number];

function formatStatus(status: Status): string {
  const facts: (readonly [string, string | number])[] = [
    ["Parley", `${status.version}, up ${formatDuration(status.uptimeSeconds)}`],
    ...status.listeners.map((listener) => ["listener", listener] as const),
    ...status.links.map((link) => ["XMPP link", formatLink(link)] as const),
    ["users", status.users],
    ["bindings", status.bindings],
    ["conversations", status.conversations],
    ["memory", `${Math.round(status.memoryBytes / 1024 / 1024)} MiB`],
    ...Object.entries(status.counters),
  ];
  return formatFacts(facts);
}

function formatLink({ domain, server, state, since, problem, queued, unconfirmed }: Link): string {
  const trouble = problem === undefined ? "" : `: ${problem}`;
  const waiting = `${queued} queued, ${unconfirmed} unconfirmed`;
  return `${domain} at ${server} ${state} since ${formatTime(since)}${trouble}; ${waiting}`;
}

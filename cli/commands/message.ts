import { type Command, InvalidArgumentError } from "commander";
import { MESSAGE_STATES, type MessageState, parseMessageState } from "../../gateway/control/message-state.ts";
import type { ResultOf } from "../../gateway/control/operations.ts";
import { callAndPrint } from "../call.ts";
import { parseCount } from "../count.ts";
import { type Column, formatFacts, formatTable, formatTime, printable } from "../table.ts";

interface ListOptions {
  readonly state?: MessageState;
  readonly user?: string;
  readonly limit: number;
}

/** `parley message …`. */
export function addMessageCommands(program: Command): void {
  const message = program.command("message").description("instant messages that wait, or whose outcome is open");
  addListCommand(message);
  addShowCommand(message);

  message
    .command("retry <id>")
    .description("try to deliver one now, if its recipient has a phone; of a failed one, to tell its sender")
    .action((id: string, _options: unknown, command: Command) =>
      callAndPrint(command, { name: "message.retry", input: { id }, show: formatRetried }),
    );

  message
    .command("drop <id>")
    .description("give one up; its sender is told, unless that was done when it failed")
    .action((id: string, _options: unknown, command: Command) =>
      callAndPrint(command, { name: "message.drop", input: { id }, show: ({ id, told }) => DROPPED[told](id) }),
    );
}

function formatRetried({ id, tried, why = "" }: ResultOf<"message.retry">): string {
  return tried ? `${id} is tried again` : `${id} is not tried now: ${why}`;
}

const DROPPED: Readonly<Record<ResultOf<"message.drop">["told"], (id: string) => string>> = {
  now: (id) => `dropped ${id}; its sender is told`,
  before: (id) => `dropped ${id}; its sender was told when it failed`,
  not: (id) => `${id} is forgotten; its sender could not be told`,
  nobody: (id) => `dropped ${id}; it was automatic, so nobody is told`,
};

function addListCommand(message: Command): void {
  message
    .command("list")
    .description("list them, the oldest first, without their texts")
    .option("--state <state>", `only those that are ${MESSAGE_STATES.join(", ")}`, parseState)
    .option("--user <user@domain>", "only those from or to this SIP user")
    .option("--limit <number>", "how many at the most, up to 10000", parseCount, 100)
    .action(({ state, user, limit }: ListOptions, command: Command) =>
      callAndPrint(command, { name: "message.list", input: { state, aor: user, limit }, show: formatList }),
    );
}

function addShowCommand(message: Command): void {
  message
    .command("show <id>")
    .description("show one")
    .option("--text", "its text too; the log keeps that it was shown", false)
    .action((id: string, { text }: { readonly text: boolean }, command: Command) =>
      callAndPrint(command, { name: "message.show", input: { id, text }, show: formatMessage }),
    );
}

type Message = ResultOf<"message.show">;

const COLUMNS: readonly Column<Message>[] = [
  { title: "ID", cell: (row) => row.id },
  { title: "STATE", cell: (row) => row.state },
  { title: "ACCEPTED (UTC)", cell: (row) => formatTime(row.acceptedAt) },
  { title: "FROM", cell: (row) => row.from },
  { title: "TO", cell: (row) => row.to },
  { title: "BYTES", cell: (row) => row.bytes, align: "right" },
  { title: "PROBLEM", cell: (row) => row.problem ?? "" },
];

function formatList({ total, messages }: ResultOf<"message.list">): string {
  const table = formatTable(COLUMNS, messages);
  return messages.length === total ? table : `${table}\n${messages.length} of ${total}`;
}

function formatMessage(row: Message): string {
  const facts = formatFacts([
    ["id", row.id],
    ["state", row.state],
    ["direction", row.direction === "to-sip" ? "to SIP" : "to XMPP"],
    ["from", row.from],
    ["to", row.to],
    ["accepted (UTC)", formatTime(row.acceptedAt)],
    ["bytes", row.bytes],
    ["problem", row.problem ?? "none"],
    ["stanza id", row.stanzaId ?? "none"],
    ["Call-ID", row.callId ?? "none"],
  ]);
  return row.text === undefined ? facts : `${facts}\n\n${row.text.split("\n").map(printable).join("\n")}`;
}

function parseState(text: string): MessageState {
  const state = parseMessageState(text);
  if (!state.ok) throw new InvalidArgumentError(`It ${state.why}.`);
  return state.value;
}

import type { Command } from "commander";
import type { ResultOf } from "../../gateway/control/operations.ts";
import { callAndPrint } from "../call.ts";
import { parseCount } from "../count.ts";
import { type Column, formatFacts, formatTable, formatTime } from "../table.ts";

/** `parley conversation …`. */
export function addConversationCommands(program: Command): void {
  const conversation = program.command("conversation").description("open conversations between SIP and XMPP");

  conversation
    .command("list")
    .description("list them, the most recently active first")
    .option("--limit <number>", "how many at the most, up to 10000", parseCount, 100)
    .action(({ limit }: { readonly limit: number }, command: Command) =>
      callAndPrint(command, { name: "conversation.list", input: { limit }, show: formatList }),
    );

  conversation
    .command("show <id>")
    .description("show one")
    .action((id: string, _options: unknown, command: Command) =>
      callAndPrint(command, { name: "conversation.show", input: { id }, show: formatConversation }),
    );

  conversation
    .command("expire <id>")
    .description("close one now, as if it had been idle")
    .action((id: string, _options: unknown, command: Command) =>
      callAndPrint(command, { name: "conversation.expire", input: { id }, show: (closed) => `closed ${closed.id}` }),
    );
}

type Conversation = ResultOf<"conversation.show">;

const COLUMNS: readonly Column<Conversation>[] = [
  { title: "ID", cell: (row) => row.id },
  { title: "SIP", cell: (row) => row.aor },
  { title: "XMPP", cell: (row) => row.jid },
  { title: "ACTIVE (UTC)", cell: (row) => formatTime(row.activeAt) },
  { title: "FROM SIP", cell: (row) => row.fromSip, align: "right" },
  { title: "FROM XMPP", cell: (row) => row.fromXmpp, align: "right" },
  { title: "LOCKED", cell: lockedSides },
];

/** Which sides are locked to one device; `show` tells to which. */
function lockedSides({ sipLock, xmppLock }: Conversation): string {
  return [...(sipLock === undefined ? [] : ["SIP"]), ...(xmppLock === undefined ? [] : ["XMPP"])].join("+") || "-";
}

function formatList({ total, conversations }: ResultOf<"conversation.list">): string {
  const table = formatTable(COLUMNS, conversations);
  return conversations.length === total ? table : `${table}\n${conversations.length} of ${total}`;
}

function formatConversation(row: Conversation): string {
  return formatFacts([
    ["id", row.id],
    ["SIP", row.aor],
    ["XMPP", row.jid],
    ["thread", row.thread ?? "none"],
    ["opened (UTC)", formatTime(row.openedAt)],
    ["active (UTC)", formatTime(row.activeAt)],
    ["from SIP", row.fromSip],
    ["from XMPP", row.fromXmpp],
    ["SIP lock", row.sipLock ?? "none"],
    ["XMPP lock", row.xmppLock ?? "none"],
  ]);
}

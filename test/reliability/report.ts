import type { Account } from "./ledger.ts";
import type { Range } from "./memory.ts";
import { isSound, type RunResult } from "./run.ts";
import type { SoakResult } from "./soak.ts";

type Column = readonly [title: string, of: (account: Account) => number];

const COLUMNS: readonly Column[] = [
  ["sent", (account) => account.sent],
  ["refused", (account) => account.refused],
  ["unknown", (account) => account.unknown],
  ["accepted", (account) => account.accepted],
  ["delivered", (account) => account.delivered],
  ["told", (account) => account.told],
  ["outside", (account) => account.outside],
  ["**lost**", (account) => account.lost],
  ["twice, same id", (account) => account.duplicatesSameId],
  ["twice, other id", (account) => account.duplicatesOtherId],
  ["out of order", (account) => account.outOfOrder],
  ["of these, by the gateway", (account) => account.outOfOrderByGateway],
  ["failed, yet delivered", (account) => account.refusedYetDelivered + account.toldYetDelivered],
];

export function tableHead(): string {
  const titles = ["fault", "server", "way", ...COLUMNS.map(([title]) => title), "verdict"];
  return [titles, titles.map((_, index) => (index < 3 ? "---" : "---:"))].map(rowOf).join("\n");
}

/** The two rows of a run, one a direction. */
export function tableRows(result: RunResult): string {
  const restless = `NOT AT REST, ${result.journalRows} in the journal`;
  const verdict = isSound(result) ? "sound" : result.quiet ? "BROKEN" : restless;
  return (["sip", "xmpp"] as const)
    .map((side) => [
      result.title,
      result.server,
      side === "sip" ? "SIP → XMPP" : "XMPP → SIP",
      ...COLUMNS.map(([, of]) => String(of(result[side]))),
      verdict,
    ])
    .map(rowOf)
    .join("\n");
}

/** The memory of a soak by window, and its books. */
export function soakTable(result: SoakResult): string {
  const range = ({ min, median, max }: Range): string => `${min} / ${median} / ${max}`;
  const windows = result.windows.map(({ fromSeconds, residentMb, heapMb }) =>
    rowOf([`${Math.round(fromSeconds / 60)} min`, range(residentMb), range(heapMb)]),
  );
  const head = ["from", "resident MB: min / median / max", "live heap MB: min / median / max"];
  const books = (["sip", "xmpp"] as const).map((side) => {
    const figures = COLUMNS.map(([title, of]) => `${title} ${of(result[side])}`);
    return `${side === "sip" ? "SIP → XMPP" : "XMPP → SIP"}: ${figures.join(", ")}`;
  });
  const verdict = `memory ${result.flat ? "flat" : "GROWS"}; messages ${isSound(result) ? "sound" : "BROKEN"}`;
  return [rowOf(head), rowOf(head.map(() => "---")), ...windows, "", ...books, "", verdict].join("\n");
}

function rowOf(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

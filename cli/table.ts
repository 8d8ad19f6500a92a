/** A column of a table for people. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string | number;
  readonly align?: "right";
}

/** Rows below their titles, columns two spaces apart; without a title row where no column has a title. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const titles = columns.map((column) => column.title);
  const cells = rows.map((row) => columns.map((column) => printable(String(column.cell(row)))));
  const lines = titles.some((title) => title !== "") ? [titles, ...cells] : cells;
  const widths = columns.map((_, index) => Math.max(0, ...lines.map((line) => widthOf(line[index] ?? ""))));
  const formatLine = (line: readonly string[]) =>
    line.map((text, index) => pad(text, widths[index] ?? 0, columns[index]?.align)).join("  ");
  return lines.map((line) => formatLine(line).trimEnd()).join("\n");
}

/** Names and values, one pair a line. */
export function formatFacts(facts: readonly (readonly [name: string, value: string | number])[]): string {
  return formatTable(
    [
      { title: "", cell: ([name]) => name },
      { title: "", cell: ([, value]) => value },
    ],
    facts,
  );
}

/** Text that came from a network may not steer the terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, "\ufffd");
}

/** A time as people read it, in UTC. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace("T", " ").slice(0, 19);
}

/** `3 d 4 h`, `12 min 5 s`: the two largest units. */
export function formatDuration(seconds: number): string {
  const units = [
    [86_400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ] as const;
  let rest = Math.max(0, Math.floor(seconds));
  const parts: string[] = [];
  for (const [size, unit] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
    else if (parts.length > 0) break;
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}

function pad(text: string, width: number, align: "right" | undefined): string {
  const space = " ".repeat(Math.max(0, width - widthOf(text)));
  return align === "right" ? space + text : text + space;
}

function widthOf(text: string): number {
  return [...text].length;
}

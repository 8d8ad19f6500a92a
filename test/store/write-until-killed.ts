import { openStore } from "../../store/open.ts";

/** A process of its own for the durability test: writes rows and tells each id once its promise has resolved. */
const store = await openStore(`sqlite:${process.argv[2] ?? ""}`);
for (let turn = 0; ; turn += 1) {
  const ids = [0, 1, 2, 3].map((n) => `${String(turn).padStart(8, "0")}-${n}`);
  const rows = ids.map((id) => ({ id, direction: "to-sip" as const, conversation: "c", acceptedAt: 0, payload: id }));
  await Promise.all(rows.map((row) => store.journal.add(row)));
  process.stdout.write(`${ids.join("\n")}\n`);
}

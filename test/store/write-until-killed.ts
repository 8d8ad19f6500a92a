import { openStore } from "../../store/open.ts";

const ROW = {
  direction: "to-sip",
  conversation: "c",
  aor: "alice@sip.test",
  state: "accepted",
  problem: undefined,
  acceptedAt: 0,
} as const;

/** A process of its own for the durability test: writes rows and tells each id once its promise has resolved. */
const store = await openStore(`sqlite:${process.argv[2] ?? ""}`);
for (let turn = 0; ; turn += 1) {
  const ids = [0, 1, 2, 3].map((n) => `${String(turn).padStart(8, "0")}-${n}`);
  await Promise.all(ids.map((id) => store.journal.add({ ...ROW, id, payload: id })));
  process.stdout.write(`${ids.join("\n")}\n`);
}

import { cpus, totalmem } from "node:os";
import { benchIm } from "./im.ts";
import { benchImJournal } from "./im-journal.ts";
import { benchOffline } from "./offline.ts";
import type { Row } from "./row.ts";
import { benchParse } from "./sip-parse.ts";
import { benchRegister } from "./sip-register.ts";
import { benchUdp } from "./sip-udp.ts";
import { benchStore } from "./store.ts";

const BENCHES: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  parse: benchParse,
  udp: benchUdp,
  register: benchRegister,
  store: benchStore,
  im: benchIm,
  "im-journal": benchImJournal,
  offline: benchOffline,
};

/** `npm run bench`, or `npm run bench -- parse im` for some of them. */
const wanted = process.argv.slice(2);
console.log(
  `Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model}), ${Math.round(totalmem() / 2 ** 30)} GiB`,
);
for (const [name, bench] of Object.entries(BENCHES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const row of await bench()) console.log(`${row.name.padEnd(48)} ${String(row.value).padStart(12)} ${row.unit}`);
}

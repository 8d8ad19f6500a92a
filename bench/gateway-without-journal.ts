import { setFlagsFromString } from "node:v8";
import { destination, pino } from "pino";
import { formatProblem, loadConfig } from "../gateway/config.ts";
import { startGateway } from "../gateway/main.ts";
import { openStore } from "../store/open.ts";
import type { Store } from "../store/port.ts";

/**
 * `parley serve --config FILE` with a journal that writes nothing, which shows what the journal costs. It would lose
 * messages, so it is no setting of the product.
 */
const NO_JOURNAL: Store["journal"] = {
  list: () => Promise.resolve([]),
  get: () => Promise.resolve(undefined),
  counts: () => Promise.resolve([]),
  add: () => Promise.resolve(),
  move: () => Promise.resolve(),
  remove: () => Promise.resolve(),
};

setFlagsFromString("--heap-growing-percent=30"); // as `parley serve` does
const loaded = loadConfig(process.argv.at(-1) ?? "");
if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join("\n"));
const { config } = loaded;
const stderr = destination({ dest: 2, sync: false, minLength: 8_192, periodicFlush: 200 }); // as `parley serve` does
const log = pino({ level: config.log.level, base: null }, stderr);
const store = await openStore(`${config.store.driver}:${config.store.file}`, log);
const gateway = await startGateway({ config, log, store: { ...store, journal: NO_JOURNAL } });
process.once("SIGTERM", () => void gateway.stop().then(() => process.exit(0)));
console.log(await gateway.ready);

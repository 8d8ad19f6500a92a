import { destination, type Logger, pino } from "pino";
import { PinoPretty } from "pino-pretty";
import type { Config } from "../gateway/config.ts";

/** The log goes to standard error, so that standard output has nothing but the line `ready`. */
const STDERR = 2;

/** Lines go out together: one write a line costs a tenth of what an instant message takes from the processor. */
const BUFFERED = { minLength: 8_192, periodicFlush: 200 }; // bytes; ms

/** Lines leave without holding up the messages; pino writes the rest when the process exits. */
export function createLogger({ level, format }: Config["log"]): Logger {
  const json = () => destination({ dest: STDERR, sync: false, ...BUFFERED });
  const stream = format === "pretty" ? PinoPretty({ destination: STDERR }) : json();
  return pino({ level, base: null }, stream);
}

/**
 * Resolves when the lines so far are written, or cannot be.
 * COMPAT(sonic-boom 4.2): at the exit of the process it would try again for ever to write what waits, once nobody reads
 * the log any more; test/scenarios/log-reader-gone.test.ts.
 */
export function flush(log: Logger): Promise<void> {
  return new Promise((resolve) => log.flush(() => resolve()));
}

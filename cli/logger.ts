import { destination, type Logger, pino } from "pino";
import { PinoPretty } from "pino-pretty";
import type { Config } from "../gateway/config.ts";

/** The log goes to standard error, so that standard output has nothing but the line `ready`. */
const STDERR = 2;

/** Lines leave without holding up the messages; pino writes the rest when the process exits. */
export function createLogger({ level, format }: Config["log"]): Logger {
  const stream = format === "pretty" ? PinoPretty({ destination: STDERR }) : destination({ dest: STDERR, sync: false });
  return pino({ level, base: null }, stream);
}

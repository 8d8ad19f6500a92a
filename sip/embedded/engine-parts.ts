import type { Logger } from "pino";
import type { EngineLimits } from "./limits.ts";
import type { RandomTokens } from "./random-tokens.ts";
import type { RateLimitedLog } from "./rate-limited-log.ts";
import type { TimerWheel } from "./timer-wheel.ts";
import type { TimerValues } from "./timers.ts";

/** What the layers of one engine share. */
export interface EngineParts {
  readonly wheel: TimerWheel;
  readonly timers: TimerValues;
  readonly limits: EngineLimits;
  readonly tokens: RandomTokens;
  readonly log: Logger;
  readonly quietLog: RateLimitedLog;
  /** Goes into Server and User-Agent. */
  readonly serverName: string;
}

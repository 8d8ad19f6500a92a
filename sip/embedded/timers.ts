/** The protocol timers, in milliseconds. RFC 3261 §17.1.1.1 and table 4. */
export interface TimerValues {
  readonly t1: number; // estimate of the round trip
  readonly t2: number; // longest interval between retransmissions of a non-INVITE request or an INVITE response
  readonly t4: number; // longest life of a message in the network
}

export const RFC_TIMERS: TimerValues = { t1: 500, t2: 4000, t4: 5000 };

/** Timers B, F, H, J and L: 64*T1. */
export function transactionTimeoutMs(timers: TimerValues): number {
  return 64 * timers.t1;
}

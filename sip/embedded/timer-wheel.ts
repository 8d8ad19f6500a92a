import type { Clock } from "../clock.ts";

/**
 * One due time. The list links live in the alarm itself, so that setting and clearing it allocates nothing;
 * only the wheel writes them.
 */
export interface Alarm {
  dueTick: number; // 0: not set
  previous: Alarm | undefined;
  next: Alarm | undefined;
  ring(): void;
}

/** Precise enough for timers that start at T1 = 500 ms, and ten wake-ups a second cost nothing that can be measured. */
const TICK_MS = 100;

/** 51.2 s: one turn of the wheel is longer than 64*T1 = 32 s, so that a transaction timer is met once only. */
const SLOTS = 512;

/**
 * A hashed timing wheel: one running timer for all alarms of the engine instead of one each. An alarm never rings
 * early and at most two ticks late. Ticks are counted, not read from the clock, so that a step of the wall clock is harmless.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #slots: (Alarm | undefined)[] = new Array<Alarm | undefined>(SLOTS).fill(undefined);
  #tick = 1;
  #size = 0;
  #ringing = false;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many alarms are set. */
  get size(): number {
    return this.#size;
  }

  /** Sets the alarm anew; 0 ms means the next tick. */
  set(alarm: Alarm, delayMs: number): void {
    this.clear(alarm);
    // Between two ticks part of the present one is over; a ringing alarm that sets the next one stands on the tick.
    const begunTick = this.#cancel === undefined || this.#ringing ? 0 : 1;
    alarm.dueTick = this.#tick + Math.max(1, Math.ceil(delayMs / TICK_MS) + begunTick);
    const slot = alarm.dueTick % SLOTS;
    const first = this.#slots[slot];
    alarm.next = first;
    if (first !== undefined) first.previous = alarm;
    this.#slots[slot] = alarm;
    this.#size += 1;
    this.#cancel ??= this.#clock.after(TICK_MS, this.#onTick);
  }

  clear(alarm: Alarm): void {
    if (alarm.dueTick === 0) return;
    if (alarm.previous === undefined) this.#slots[alarm.dueTick % SLOTS] = alarm.next;
    else alarm.previous.next = alarm.next;
    if (alarm.next !== undefined) alarm.next.previous = alarm.previous;
    alarm.dueTick = 0;
    alarm.previous = undefined;
    alarm.next = undefined;
    this.#size -= 1;
  }

  /** Lets no alarm ring any more. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (let slot = 0; slot < SLOTS; slot += 1) {
      for (let alarm = this.#slots[slot]; alarm !== undefined; alarm = this.#slots[slot]) this.clear(alarm);
    }
  }

  readonly #onTick = (): void => {
    this.#tick += 1;
    this.#cancel = undefined;
    this.#ringing = true;
    for (const alarm of this.#due()) {
      if (alarm.dueTick === this.#tick) {
        this.clear(alarm);
        alarm.ring();
      }
    }
    this.#ringing = false;
    if (this.#size > 0) this.#cancel ??= this.#clock.after(TICK_MS, this.#onTick);
  };

  /** Taken out before any rings: a ringing alarm may set or clear others. */
  #due(): readonly Alarm[] {
    const due: Alarm[] = [];
    for (let alarm = this.#slots[this.#tick % SLOTS]; alarm !== undefined; alarm = alarm.next) {
      if (alarm.dueTick === this.#tick) due.push(alarm);
    }
    return due;
  }
}

/** A named timer of an owner that has several, such as E, F and K of one client transaction. */
export class NamedAlarm<Name extends string> implements Alarm {
  dueTick = 0;
  previous: Alarm | undefined = undefined;
  next: Alarm | undefined = undefined;
  readonly #name: Name;
  readonly #onRing: (name: Name) => void;

  constructor(name: Name, onRing: (name: Name) => void) {
    this.#name = name;
    this.#onRing = onRing;
  }

  ring(): void {
    this.#onRing(this.#name);
  }
}

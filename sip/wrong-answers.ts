import { detached } from "./text.ts";

export interface WrongAnswerLimits {
  readonly maxWrong: number;
  readonly windowMs: number;
  readonly maxTracked: number;
}

interface Tally {
  readonly since: number;
  wrong: number;
}

/** Counts wrong passwords for a user from one source address, and says when to stop listening. */
export class WrongAnswers {
  readonly #tallies = new Map<string, Tally>(); // in the order of `since`
  readonly #limits: WrongAnswerLimits;
  readonly #now: () => number;

  constructor(limits: WrongAnswerLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  isBlocked(username: string, source: string): boolean {
    const tally = this.#tallies.get(keyOf(username, source));
    return tally !== undefined && !this.#isOver(tally) && tally.wrong >= this.#limits.maxWrong;
  }

  count(username: string, source: string): void {
    const key = keyOf(username, source);
    const tally = this.#tallies.get(key);
    if (tally !== undefined && !this.#isOver(tally)) {
      tally.wrong += 1;
      return;
    }
    this.#tallies.delete(key);
    this.#makeRoom();
    this.#tallies.set(key, { since: this.#now(), wrong: 1 });
  }

  clear(username: string, source: string): void {
    this.#tallies.delete(keyOf(username, source));
  }

  #isOver(tally: Tally): boolean {
    return this.#now() - tally.since >= this.#limits.windowMs;
  }

  #makeRoom(): void {
    for (const [key, tally] of this.#tallies) {
      if (!this.#isOver(tally) && this.#tallies.size < this.#limits.maxTracked) return;
      this.#tallies.delete(key);
    }
  }
}

/** One account, however its name is spelt: else "Alice", "alice" and "alice@domain" would each have tries of their own. */
function keyOf(username: string, source: string): string {
  const at = username.indexOf("@");
  return detached(`${source} ${(at < 0 ? username : username.slice(0, at)).toLowerCase()}`);
}

/**
 * How many IMs of one conversation may wait for the ones before them. A phone that answers nothing holds each for
 * 32 s (timer F); a thousand is more than two people write in that time.
 */
const MAX_WAITING = 1_000;

type Job = () => Promise<void>;

/** One lane a conversation: its IMs go one after the other, those of others beside them. */
export class Lanes {
  readonly #waiting = new Map<string, Job[]>();
  #idle: (() => void)[] = [];

  /** False when the lane is full; the job then never runs. A job must settle and must not reject. */
  enter(lane: string, job: Job): boolean {
    const queue = this.#waiting.get(lane);
    if (queue !== undefined) {
      if (queue.length >= MAX_WAITING) return false;
      queue.push(job);
      return true;
    }
    this.#waiting.set(lane, []);
    void this.#run(lane, job);
    return true;
  }

  /** Whether something is under way or waits there. */
  has(lane: string): boolean {
    return this.#waiting.has(lane);
  }

  get busy(): number {
    return this.#waiting.size;
  }

  /** Resolves when nothing is under way. */
  whenIdle(): Promise<void> {
    if (this.#waiting.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  async #run(lane: string, first: Job): Promise<void> {
    for (let job: Job | undefined = first; job !== undefined; job = this.#waiting.get(lane)?.shift()) await job();
    this.#waiting.delete(lane);
    if (this.#waiting.size > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}

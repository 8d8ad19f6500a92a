import { parseKey } from "./text.ts";

/** Counts the IMs that come behind a later one of their conversation. A copy of what was seen before is no disorder. */
export class OrderWatch {
  readonly #seen = new Set<string>();
  readonly #furthest = new Map<string, number>(); // by side and conversation
  #outOfOrder = 0;

  get outOfOrder(): number {
    return this.#outOfOrder;
  }

  onSeen(key: string): void {
    const message = parseKey(key);
    if (message === undefined || this.#seen.has(key)) return;
    this.#seen.add(key);
    const conversation = `${message.side}-${message.conversation}`;
    const furthest = this.#furthest.get(conversation) ?? -1;
    if (message.number < furthest) this.#outOfOrder += 1;
    else this.#furthest.set(conversation, message.number);
  }
}

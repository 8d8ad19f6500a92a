import { Ledger } from "./ledger.ts";
import type { Person } from "./person.ts";
import type { Phone } from "./phone.ts";
import { bodyOf, formatKey, keyInBody, keyQuoted } from "./text.ts";

export interface LoadOptions {
  readonly phones: readonly Phone[];
  readonly people: readonly Person[];
  readonly count: number; // IMs of each side
  readonly perSecond: number; // of each side
  readonly ledger?: Ledger;
}

/** So many conversations has each user, where there are as many people on the other side. */
const CONVERSATIONS_EACH = 5;

const TICK_MS = 5;

interface Conversation {
  readonly phone: Phone;
  readonly person: Person;
  fromSip: number; // IMs so far
  fromXmpp: number;
  readonly waiting: string[]; // of the phone, each for the answer to the one before it
  busy: boolean;
}

/**
 * Two-way IMs in many conversations at a rate, written into a ledger. In one conversation a phone waits for the final
 * answer to a MESSAGE before the next (RFC 3428 §8); the XMPP side writes on.
 */
export class Load {
  readonly ledger: Ledger;
  readonly #options: LoadOptions;
  readonly #conversations: readonly Conversation[];
  #written = 0; // of each side
  #openAtPhones = 0;
  #milestones: { readonly at: number; readonly resolve: () => void }[] = [];

  constructor(options: LoadOptions) {
    this.#options = options;
    this.ledger = options.ledger ?? new Ledger();
    this.#conversations = conversationsOf(options);
    for (const phone of options.phones) {
      phone.onIm = (body, callId) => this.#onPhoneGot(body, callId);
    }
    for (const person of options.people) {
      person.onIm = (body, id) => this.#onPersonGot(body, id);
      person.onError = (id) => this.ledger.onTold(id);
    }
  }

  /** Nothing of the senders is under way. */
  get settled(): boolean {
    const { people, count } = this.#options;
    return this.#written >= count && this.#openAtPhones === 0 && people.every(({ settled }) => settled);
  }

  /** Resolves when all has been written; the last answers may be out. */
  async run(): Promise<void> {
    const startedAt = performance.now();
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const { count, perSecond } = this.#options;
        const due = Math.min(count, ((performance.now() - startedAt) / 1000) * perSecond);
        while (this.#written < due) this.#writeNext();
        if (this.#written < count) return;
        clearInterval(timer);
        resolve();
      }, TICK_MS);
    });
  }

  /** Resolves when this share of the IMs has been written. */
  until(share: number): Promise<void> {
    const at = Math.floor(this.#options.count * share);
    if (this.#written >= at) return Promise.resolve();
    return new Promise((resolve) => this.#milestones.push({ at, resolve }));
  }

  #writeNext(): void {
    const index = this.#written % this.#conversations.length;
    const conversation = this.#conversations[index];
    this.#written += 1;
    if (conversation === undefined) return;
    this.#writeFromSip(conversation, index);
    this.#writeFromXmpp(conversation, index);
    const reached = this.#milestones.filter(({ at }) => this.#written >= at);
    this.#milestones = this.#milestones.filter((each) => !reached.includes(each));
    for (const { resolve } of reached) resolve();
  }

  #writeFromSip(conversation: Conversation, index: number): void {
    const message = { side: "sip", conversation: index, number: conversation.fromSip++ } as const;
    this.ledger.onSent(message);
    this.#openAtPhones += 1;
    conversation.waiting.push(formatKey(message));
    if (!conversation.busy) void this.#sendWaiting(conversation);
  }

  async #sendWaiting(conversation: Conversation): Promise<void> {
    conversation.busy = true;
    const { phone, person, waiting } = conversation;
    for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
      const status = await phone.message(person.jid, bodyOf(key));
      const answer = status === undefined ? "unknown" : status < 300 ? "accepted" : "refused";
      this.ledger.onAnswered(key, answer);
      this.#openAtPhones -= 1;
    }
    conversation.busy = false;
  }

  #writeFromXmpp(conversation: Conversation, index: number): void {
    const message = { side: "xmpp", conversation: index, number: conversation.fromXmpp++ } as const;
    const { phone, person } = conversation;
    this.ledger.onSent(message);
    const key = formatKey(message);
    person.write(`<message to="${phone.aor}" type="chat" id="${key}"><body>${bodyOf(key)}</body></message>`);
  }

  #onPhoneGot(body: string, callId: string): void {
    const key = keyInBody(body);
    if (key !== undefined) this.ledger.onArrived(key, callId);
    const failed = keyQuoted(body);
    if (failed !== undefined) this.ledger.onTold(failed);
  }

  #onPersonGot(body: string, id: string): void {
    const key = keyInBody(body);
    if (key !== undefined) this.ledger.onArrived(key, id);
  }
}

/** Each phone with the people behind its own number, so that everybody has several conversations. */
function conversationsOf({ phones, people }: LoadOptions): readonly Conversation[] {
  const rounds = Array.from({ length: Math.min(CONVERSATIONS_EACH, people.length) }, (_, round) => round);
  return rounds.flatMap((round) =>
    phones.flatMap((phone, index) => {
      const person = people[(index + round) % people.length];
      return person === undefined ? [] : [{ phone, person, fromSip: 0, fromXmpp: 0, waiting: [], busy: false }];
    }),
  );
}

import xml, { type Element } from "@xmpp/xml";
import { expect } from "chai";
import type { RawPhone } from "../peers/raw-phone.ts";
import { fieldOf, type RawMessage, statusOf } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";

/** How many of the XMPP side's messages are on their way at a time, so how many a cut link can swallow. */
const WINDOW = 20;

export interface Account {
  readonly sent: number;
  readonly delivered: number;
  /** Those of the undelivered whose sender was told: a final answer above 299, a failure message, an error stanza. */
  readonly told: number;
  /** Neither delivered nor told. */
  readonly lost: readonly string[];
  readonly twice: number;
}

/**
 * One XMPP user and several phones writing to each other, in as many conversations. A phone waits for the answer to each
 * MESSAGE before the next, as RFC 3428 §8 asks; the XMPP side writes on.
 */
export class Traffic {
  readonly #phones: readonly RawPhone[];
  readonly #person: string; // bare JID
  readonly #each: number; // messages of a conversation, each way
  readonly #clients: XmppClient[] = [];
  readonly #sentFromXmpp: string[] = []; // in this order
  readonly #forgiven = new Set<string>();
  readonly #answers = new Map<string, number>(); // of the phones' messages: the final status
  #sentFromSip = 0;
  #mayBounce = 0;
  #underWay: Promise<unknown> = Promise.resolve();
  #watch: () => void = () => {};

  constructor(phones: readonly RawPhone[], options: { readonly person: string; readonly each: number }) {
    this.#phones = phones;
    this.#person = options.person;
    this.#each = options.each;
    for (const phone of phones) phone.onRequest = () => this.#watch();
  }

  /** The client that writes and reads from here on. */
  use(client: XmppClient): void {
    this.#clients.push(client);
    this.goOn();
  }

  start(): void {
    this.#underWay = Promise.all([
      this.#fromXmpp(),
      ...this.#phones.map((phone, index) => this.#fromPhone(phone, index)),
    ]);
  }

  /** Resolves in the middle: a third has arrived on each side, and more is to come. */
  async underWay(): Promise<void> {
    const third = (this.#phones.length * this.#each) / 3;
    await new Promise<void>((resolve) => {
      this.#watch = () => {
        if (this.#atPhones().length >= third && this.#atPerson().length >= third) resolve();
      };
    });
    expect(this.#sentFromSip, "in the middle").to.be.lessThan(3 * third);
    expect(this.#sentFromXmpp.length, "in the middle").to.be.lessThan(3 * third);
  }

  /** The XMPP side stopped writing when something came back; what has not arrived by now is not waited for. */
  goOn(): void {
    this.#mayBounce = this.#bounced().size;
    for (const text of this.#open()) this.#forgiven.add(text);
  }

  /** The phones go. */
  async close(): Promise<void> {
    await Promise.all(this.#phones.map((phone) => phone.register(0)));
  }

  /** Resolves when everybody has written all and the last of it has arrived, or come back. */
  async end(): Promise<void> {
    await this.#underWay;
    const last = (side: string) => this.#phones.map((_, index) => textOf(side, index, this.#each - 1));
    await waitFor("the last messages to the phones", () => {
      const settled = new Set([...this.#atPhones().map(({ text }) => text), ...this.#bounced()]);
      return last("x").every((text) => settled.has(text));
    });
    await waitFor("the last messages to the XMPP side", () => {
      const settled = this.#fromSip();
      return last("s").every((text) => !settled.lost.includes(text));
    });
  }

  get fromSip(): Account {
    return this.#fromSip();
  }

  get fromXmpp(): Account {
    const arrived = this.#atPhones().map(({ text }) => text);
    const told = this.#bounced();
    const known = new Set(arrived);
    return {
      sent: this.#sentFromXmpp.length,
      delivered: known.size,
      told: [...told].filter((text) => !known.has(text)).length,
      lost: this.#sentFromXmpp.filter((text) => !known.has(text) && !told.has(text)),
      twice: arrived.length - known.size,
    };
  }

  /** In each conversation the first copies arrived in the order in which they were sent. */
  expectOrder(): void {
    for (const texts of [this.#atPhones(), this.#atPerson()].map((all) => [...new Set(all.map(({ text }) => text))])) {
      const numbers = new Map<string, number[]>();
      for (const text of texts) {
        const [side = "", phone = "", number] = text.split(" ");
        const key = `${side} ${phone}`;
        numbers.set(key, [...(numbers.get(key) ?? []), Number(number)]);
      }
      for (const [conversation, arrived] of numbers) {
        expect(arrived, conversation).to.deep.equal([...arrived].sort((a, b) => a - b));
      }
    }
  }

  /** A client that drops what it has seen can drop every second copy: it has the id of the first. */
  expectSameIds(): void {
    expectOneId(this.#atPhones());
    expectOneId(this.#atPerson());
  }

  /**
   * The same after a crash, but for the MESSAGE that each phone had open: the phone asks again, in a new transaction since
   * its nonce has grown stale, and the XMPP side gets a copy with another id.
   */
  expectSameIdsAfterCrash(): void {
    expectOneId(this.#atPhones());
    expect(this.fromSip.twice).to.be.at.most(this.#phones.length);
  }

  /** What vanished on the way to the gateway is the end of what was written before the cut: nothing behind it arrived. */
  expectLostTogether(): void {
    const { lost } = this.fromXmpp;
    expect(lost.length).to.be.at.most(WINDOW);
    const arrived = new Set(this.#atPhones().map(({ text }) => text));
    const first = this.#sentFromXmpp.indexOf(lost[0] ?? "");
    const behind = first < 0 ? [] : this.#sentFromXmpp.slice(first).filter((text) => this.#forgiven.has(text));
    expect(behind.filter((text) => arrived.has(text))).to.deep.equal([]);
  }

  async #fromPhone(phone: RawPhone, index: number): Promise<void> {
    for (let number = 0; number < this.#each; number += 1) {
      const text = textOf("s", index, number);
      this.#sentFromSip += 1;
      this.#answers.set(text, statusOf(await phone.message(this.#person, text)));
    }
  }

  async #fromXmpp(): Promise<void> {
    for (let number = 0; number < this.#each; number += 1) {
      for (const [index, phone] of this.#phones.entries()) {
        await waitFor(
          "the way to be free",
          () => this.#bounced().size <= this.#mayBounce && this.#open().length < WINDOW,
        );
        const text = textOf("x", index, number);
        await this.#send(xml("message", { to: phone.aor, type: "chat", id: text }, xml("body", {}, text)));
        this.#sentFromXmpp.push(text);
      }
    }
  }

  /** By the client that there is, or the next one when its connection has gone. */
  async #send(stanza: Element): Promise<void> {
    for (;;) {
      const client = this.#clients.at(-1);
      const sent = await client?.send(stanza).then(
        () => true,
        () => false,
      );
      if (sent) return;
      await waitFor("another client", () => this.#clients.at(-1) !== client);
    }
  }

  #open(): readonly string[] {
    const settled = new Set([...this.#atPhones().map(({ text }) => text), ...this.#bounced(), ...this.#forgiven]);
    return this.#sentFromXmpp.filter((text) => !settled.has(text));
  }

  /** The texts that phones got, with their Call-IDs; a retransmission is no second copy. */
  #atPhones(): readonly Copy[] {
    return this.#phones.flatMap(({ requests }) => {
      const seen = new Set<string | undefined>();
      return requests.flatMap((request) => {
        const branch = fieldOf(request, "via");
        if (seen.has(branch) || !isOurs(request)) return [];
        seen.add(branch);
        return [{ text: request.body.toString(), id: fieldOf(request, "call-id") ?? "" }];
      });
    });
  }

  #atPerson(): readonly Copy[] {
    const messages = this.#clients
      .flatMap((client) => client.messages)
      .filter(({ attrs }) => attrs["type"] !== "error");
    const copies = messages.map((each) => ({ text: each.getChildText("body") ?? "", id: each.attrs["id"] ?? "" }));
    return copies.filter(({ text }) => text.startsWith("s "));
  }

  #bounced(): ReadonlySet<string> {
    const errors = this.#clients
      .flatMap((client) => client.messages)
      .filter((each: Element) => each.attrs["type"] === "error");
    return new Set(errors.map(({ attrs }) => attrs["id"] ?? ""));
  }

  #fromSip(): Account {
    const arrived = this.#atPerson().map(({ text }) => text);
    const known = new Set(arrived);
    const failures = this.#phones.flatMap(({ texts }) => texts).filter((text) => text.includes("“"));
    const isTold = (text: string, status: number) =>
      status > 299 || failures.some((each) => each.includes(`“${text}”`));
    const missing = [...this.#answers].filter(([text]) => !known.has(text));
    return {
      sent: this.#sentFromSip,
      delivered: known.size,
      told: missing.filter(([text, status]) => isTold(text, status)).length,
      lost: missing.filter(([text, status]) => !isTold(text, status)).map(([text]) => text),
      twice: arrived.length - known.size,
    };
  }
}

interface Copy {
  readonly text: string;
  readonly id: string;
}

function expectOneId(copies: readonly Copy[]): void {
  const ids = new Map<string, Set<string>>();
  for (const { text, id } of copies) ids.set(text, (ids.get(text) ?? new Set()).add(id));
  for (const [text, known] of ids) expect([...known], text).to.have.lengthOf(1);
}

function textOf(side: string, phone: number, number: number): string {
  return `${side} ${phone} ${number}`;
}

function isOurs({ body }: RawMessage): boolean {
  return body.toString("latin1").startsWith("x ");
}

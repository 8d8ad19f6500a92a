import xml, { type Element } from "@xmpp/xml";
import { expect } from "chai";
import type { RawPhone } from "../peers/raw-phone.ts";
import { fieldOf, statusOf, token } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";

/** How many of the XMPP side's messages are on their way at a time, so how many a cut link can swallow. */
const WINDOW = 20;

/** A phone that is answered 202 at once, for as long as a server is away, would write thousands. */
const AT_MOST_TIMES = 10;

/** What became of the messages of one side. */
export interface Account {
  readonly sent: number;
  readonly delivered: number;
  /** Those of the undelivered whose sender was told: a final answer above 299, a failure message, an error stanza. */
  readonly told: number;
  /** Neither delivered nor told. */
  readonly lost: readonly string[];
  readonly twice: number;
}

interface Copy {
  readonly text: string; // side, number of the phone, number of the message
  readonly id: string;
}

/**
 * One XMPP user and several phones writing to each other, in as many conversations, until `end`. A phone waits for the
 * answer to each MESSAGE before the next, as RFC 3428 §8 asks; the XMPP side writes on.
 */
export class Traffic {
  readonly #phones: readonly RawPhone[];
  readonly #person: string; // bare JID
  readonly #atLeast: number; // messages of a conversation, each way
  readonly #run = `${token()} `; // begins the ids of its stanzas: what has the id and text of an earlier run is a duplicate
  readonly #clients: XmppClient[] = [];
  readonly #sentFromXmpp: string[] = [];
  readonly #sentFromSip: string[] = [];
  readonly #answers = new Map<string, number>(); // of the phones' messages: the final status
  readonly #forgiven = new Set<string>();
  #mayBounce = 0;
  #enough = false;
  #writing: Promise<unknown> = Promise.resolve();
  #watch: () => void = () => {};

  constructor(phones: readonly RawPhone[], options: { readonly person: string; readonly atLeast: number }) {
    this.#phones = phones;
    this.#person = options.person;
    this.#atLeast = options.atLeast;
    for (const phone of phones) phone.onRequest = () => this.#watch();
  }

  /** The client that writes and reads from here on. */
  use(client: XmppClient): void {
    this.#clients.push(client);
    this.goOn();
  }

  start(): void {
    const phones = this.#phones.map((phone, index) => this.#writeFrom(phone, index));
    this.#writing = Promise.all([this.#writeFromXmpp(), ...phones]);
  }

  /** Resolves when a third of the least has arrived on each side; all go on. */
  async underWay(): Promise<void> {
    const third = (this.#phones.length * this.#atLeast) / 3;
    await new Promise<void>((resolve) => {
      this.#watch = () => {
        if (this.#atPhones().length >= third && this.#atPerson().length >= third) resolve();
      };
    });
  }

  /** The XMPP side stopped writing when something came back; what has not arrived by now is not waited for. */
  goOn(): void {
    this.#mayBounce = this.#bounced().size;
    for (const text of this.#open()) this.#forgiven.add(text);
  }

  /** Ends the writing; resolves when the last of each conversation has arrived, or come back. */
  async end(): Promise<void> {
    this.#enough = true;
    await this.#writing;
    await waitFor("the last messages to the phones", () => {
      const settled = new Set([...textsOf(this.#atPhones()), ...this.#bounced()]);
      return lastOfEach(this.#sentFromXmpp).every((text) => settled.has(text));
    });
    await waitFor("the last messages to the XMPP side", () => {
      const { lost } = this.fromSip;
      return !lastOfEach(this.#sentFromSip).some((text) => lost.includes(text));
    });
  }

  /** The phones go. */
  async close(): Promise<void> {
    await Promise.all(this.#phones.map((phone) => phone.register(0)));
  }

  get fromSip(): Account {
    const failures = this.#phones.flatMap(({ texts }) => texts).filter((text) => text.includes("“"));
    const told = [...this.#answers].filter(
      ([text, status]) => status > 299 || failures.some((each) => each.includes(`“${text}”`)),
    );
    return accountOf(this.#sentFromSip, { arrived: this.#atPerson(), told: new Set(told.map(([text]) => text)) });
  }

  get fromXmpp(): Account {
    return accountOf(this.#sentFromXmpp, { arrived: this.#atPhones(), told: this.#bounced() });
  }

  /** In each conversation the first copies arrived in the order in which they were sent. */
  expectOrder(): void {
    for (const copies of [this.#atPhones(), this.#atPerson()]) {
      const numbers = new Map<string, number[]>();
      for (const text of new Set(textsOf(copies))) {
        const conversation = conversationOf(text);
        const number = Number(text.slice(conversation.length));
        numbers.set(conversation, [...(numbers.get(conversation) ?? []), number]);
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
    const arrived = new Set(textsOf(this.#atPhones()));
    const first = this.#sentFromXmpp.indexOf(lost[0] ?? "");
    const behind = first < 0 ? [] : this.#sentFromXmpp.slice(first).filter((text) => this.#forgiven.has(text));
    expect(behind.filter((text) => arrived.has(text))).to.deep.equal([]);
  }

  async #writeFrom(phone: RawPhone, index: number): Promise<void> {
    for (let number = 0; this.#goesOn(number); number += 1) {
      const text = `s ${index} ${number}`;
      this.#sentFromSip.push(text);
      this.#answers.set(text, statusOf(await phone.message(this.#person, text)));
    }
  }

  async #writeFromXmpp(): Promise<void> {
    for (let number = 0; this.#goesOn(number); number += 1) {
      for (const [index, phone] of this.#phones.entries()) {
        await waitFor("the way to be free", () => this.#mayWrite());
        const text = `x ${index} ${number}`;
        const id = this.#run + text;
        await this.#send(xml("message", { to: phone.aor, type: "chat", id }, xml("body", {}, text)));
        this.#sentFromXmpp.push(text);
      }
    }
  }

  #goesOn(number: number): boolean {
    return number < (this.#enough ? this.#atLeast : AT_MOST_TIMES * this.#atLeast);
  }

  #mayWrite(): boolean {
    return this.#bounced().size <= this.#mayBounce && this.#open().length < WINDOW;
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
    const settled = new Set([...textsOf(this.#atPhones()), ...this.#bounced(), ...this.#forgiven]);
    return this.#sentFromXmpp.filter((text) => !settled.has(text));
  }

  /** What the phones got, with the Call-IDs; a retransmission is no second copy. */
  #atPhones(): readonly Copy[] {
    return this.#phones.flatMap(({ requests }) => {
      const byTransaction = new Map(requests.map((request) => [fieldOf(request, "via"), request]));
      const copies = [...byTransaction.values()].map((request) => ({
        text: request.body.toString("utf8"),
        id: fieldOf(request, "call-id") ?? "",
      }));
      return copies.filter(({ text }) => text.startsWith("x "));
    });
  }

  /** What the XMPP side got, with the ids of the stanzas. */
  #atPerson(): readonly Copy[] {
    const messages = this.#stanzas().filter(({ attrs }) => attrs["type"] !== "error");
    const copies = messages.map((each) => ({ text: each.getChildText("body") ?? "", id: each.attrs["id"] ?? "" }));
    return copies.filter(({ text }) => text.startsWith("s "));
  }

  /** The texts that came back to the XMPP side as errors. */
  #bounced(): ReadonlySet<string> {
    const errors = this.#stanzas().filter(({ attrs }) => attrs["type"] === "error");
    return new Set(errors.map(({ attrs }) => attrs["id"]?.slice(this.#run.length) ?? ""));
  }

  #stanzas(): readonly Element[] {
    return this.#clients.flatMap((client) => client.messages);
  }
}

function accountOf(
  sent: readonly string[],
  { arrived, told }: { arrived: readonly Copy[]; told: ReadonlySet<string> },
): Account {
  const delivered = new Set(textsOf(arrived));
  const missing = sent.filter((text) => !delivered.has(text));
  return {
    sent: sent.length,
    delivered: delivered.size,
    told: missing.filter((text) => told.has(text)).length,
    lost: missing.filter((text) => !told.has(text)),
    twice: arrived.length - delivered.size,
  };
}

function expectOneId(copies: readonly Copy[]): void {
  const ids = new Map<string, Set<string>>();
  for (const { text, id } of copies) ids.set(text, (ids.get(text) ?? new Set()).add(id));
  for (const [text, known] of ids) expect([...known], text).to.have.lengthOf(1);
}

function textsOf(copies: readonly Copy[]): readonly string[] {
  return copies.map(({ text }) => text);
}

/** The last text of each conversation. */
function lastOfEach(sent: readonly string[]): readonly string[] {
  return [...new Map(sent.map((text) => [conversationOf(text), text])).values()];
}

function conversationOf(text: string): string {
  return text.slice(0, text.lastIndexOf(" "));
}

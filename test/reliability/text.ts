/** Which side wrote an instant message. */
export type Side = "sip" | "xmpp";

/** One IM of the run: its side, its conversation, and its number in there, from 0. */
export interface Numbered {
  readonly side: Side;
  readonly conversation: number;
  readonly number: number;
}

const BODY_LENGTH = 100; // as people write, and as the benches do

/** The key of an IM, which is also the id of the XMPP side's stanzas. */
export function formatKey({ side, conversation, number }: Numbered): string {
  return `${side}-${conversation}-${number}`;
}

export function parseKey(key: string): Numbered | undefined {
  const [, side, conversation, number] = /^(sip|xmpp)-(\d+)-(\d+)$/.exec(key) ?? [];
  if (side === undefined) return undefined;
  return { side: side as Side, conversation: Number(conversation), number: Number(number) };
}

/** The body: the key first, so that a failure text that quotes the beginning names the IM. */
export function bodyOf(key: string): string {
  return `#${key}#`.padEnd(BODY_LENGTH, ".");
}

/** The key in the body of an IM; undefined when it is not one of the run's, or a text that only quotes one. */
export function keyInBody(body: string): string | undefined {
  return /^#([a-z]+-\d+-\d+)#/.exec(body)?.[1];
}

/** The key in a failure text of the gateway, which quotes the beginning of what failed. */
export function keyQuoted(body: string): string | undefined {
  return /“#([a-z]+-\d+-\d+)#/.exec(body)?.[1];
}

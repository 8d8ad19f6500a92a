/** What a parser gives for foreign input: the value, or the reason there is none. Parsers never throw. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | Unparsed;
export interface Unparsed {
  readonly ok: false;
  readonly why: string;
}

export function parsed<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function unparsed(why: string): Unparsed {
  return { ok: false, why };
}

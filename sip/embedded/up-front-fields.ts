import type { HeaderLines } from "./head.ts";

/** The fields that a parser looks at in every message, each with its slot. */
const SLOTS = {
  via: 0,
  contact: 1,
  "call-id": 2,
  "content-length": 3,
  "content-type": 4,
  cseq: 5,
  date: 6,
  event: 7,
  expires: 8,
  from: 9,
  "max-forwards": 10,
  to: 11,
} as const;

export type UpFrontName = keyof typeof SLOTS;

const SLOT_OF: ReadonlyMap<string, number> = new Map(Object.entries(SLOTS));
const REPEATABLE: ReadonlySet<string> = new Set<UpFrontName>(["via", "contact"]);

/** The first field of each name that matters, found in one walk over the lines: the parser's shortcut to its fields. */
export class UpFrontFields {
  /** A field that stands twice and loses its meaning by that. RFC 3261 §7.3.1. */
  readonly repeated: string | undefined;
  readonly #values: (string | undefined)[] = new Array(SLOT_OF.size).fill(undefined);

  constructor({ fields, names }: HeaderLines) {
    let repeated: string | undefined;
    for (let index = 0; index < names.length; index++) {
      const name = names[index] ?? "";
      const slot = SLOT_OF.get(name);
      if (slot === undefined) continue;
      if (this.#values[slot] === undefined) this.#values[slot] = fields[index]?.[1];
      else if (!REPEATABLE.has(name)) repeated ??= name;
    }
    this.repeated = repeated;
  }

  get(name: UpFrontName): string | undefined {
    return this.#values[SLOTS[name]];
  }
}

import type { Parsed } from "./parsed.ts";
import { parsed, unparsed } from "./parsed.ts";

/** Characters that a localpart may not contain, and the backslash, with the hex digits that stand for them. XEP-0106 §3. */
export const JID_ESCAPES = {
  " ": "20",
  '"': "22",
  "&": "26",
  "'": "27",
  "/": "2f",
  ":": "3a",
  "<": "3c",
  ">": "3e",
  "@": "40",
  "\\": "5c",
} as const satisfies Record<string, string>;

const CHARACTER_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(JID_ESCAPES).map(([character, digits]) => [digits, character]),
);

/**
 * A backslash is escaped only where it begins what would read as an escape. Upper-case digits count as well: the
 * localpart is mapped to lower case later, and would then read as one.
 */
const NEEDS_ESCAPE = /[ "&'/:<>@]|\\(?=2[0267f]|3[ace]|40|5c)/gi;
const ESCAPE = /\\(2[0267f]|3[ace]|40|5c)/g;
const TOUCHES_SPACE = /^\\20|\\20$/;

/** A localpart for any text that does not begin or end with a space. XEP-0106 §4. */
export function escapeLocalpart(text: string): Parsed<string> {
  if (text === "") {
    return unparsed("a localpart cannot be empty");
  }
  if (text.startsWith(" ") || text.endsWith(" ")) {
    return unparsed("a localpart cannot stand for a name that begins or ends with a space");
  }
  return parsed(text.replace(NEEDS_ESCAPE, (character) => `\\${JID_ESCAPES[character as keyof typeof JID_ESCAPES]}`));
}

/** The text that a localpart stands for. `\20` as the first or last character is refused. XEP-0106 §4. */
export function unescapeLocalpart(localpart: string): Parsed<string> {
  if (TOUCHES_SPACE.test(localpart)) {
    return unparsed("an escaped localpart does not begin or end with \\20");
  }
  return parsed(localpart.replace(ESCAPE, (sequence, digits: string) => CHARACTER_OF.get(digits) ?? sequence));
}

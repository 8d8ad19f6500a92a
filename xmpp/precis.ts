import type { Parsed } from "./parsed.ts";
import { parsed, unparsed } from "./parsed.ts";

/** Halfwidth and fullwidth forms: the only code points with a <wide> or <narrow> decomposition. */
const WIDTH_VARIANT = /[\u3000\uff01-\uffee]/gu;

/** RFC 8264 §9.6 (exceptions that are valid) and §9.11 (ASCII7, seven-bit printable without the space). */
const ALWAYS_VALID = "\\u00df\\u03c2\\u06fd\\u06fe\\u0f0b\\u3007\\u0021-\\u007e";
/** RFC 8264 §9.6, F: valid in a context, see `CONTEXT_RULES`; and §9.7, the join controls. */
const CONTEXTUAL = "\\u00b7\\u0375\\u05f3\\u05f4\\u30fb\\u0660-\\u0669\\u06f0-\\u06f9\\u200c\\u200d";
/** RFC 8264 §9.6 (exceptions that are not), §9.9 (old Hangul jamo), §9.13 (ignorable), §9.12 (controls), unassigned. */
const NEVER_VALID =
  "\\u0640\\u07fa\\u302e\\u302f\\u3031-\\u3035\\u303b" +
  "\\u1100-\\u11ff\\ua960-\\ua97c\\ud7b0-\\ud7fb" +
  "\\p{Default_Ignorable_Code_Point}\\p{Noncharacter_Code_Point}\\p{Cc}\\p{Cn}\\p{Cs}\\p{Co}";

const ALWAYS_OR_IN_CONTEXT = new RegExp(`^[${ALWAYS_VALID}${CONTEXTUAL}]$`, "u");
const NEVER = new RegExp(`^[${NEVER_VALID}]$`, "u");
/** RFC 8264 §9.1, LetterDigits: what IdentifierClass admits beyond ASCII. */
const LETTER_DIGIT = /^[\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}]$/u;

/** Code points that are valid only beside others. RFC 5892 appendix A. */
const CONTEXT_RULES: readonly { readonly of: RegExp; readonly valid: RegExp }[] = [
  // biome-ignore-start format: one rule a line
  {
    of: /[\u200c\u200d]/u,
    valid:
      /^(?:[^\u200c\u200d]|(?<=[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u1039\u17d2])[\u200c\u200d])*$/u,
  }, // A.1, A.2: after a virama
  { of: /\u00b7/u, valid: /^(?:[^\u00b7]|(?<=l)\u00b7(?=l))*$/u }, // A.3: Catalan l·l
  { of: /\u0375/u, valid: /^(?:[^\u0375]|\u0375(?=\p{Script=Greek}))*$/u }, // A.4
  { of: /[\u05f3\u05f4]/u, valid: /^(?:[^\u05f3\u05f4]|(?<=\p{Script=Hebrew})[\u05f3\u05f4])*$/u }, // A.5, A.6
  { of: /\u30fb/u, valid: /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u }, // A.7
  { of: /[\u0660-\u0669]/u, valid: /^[^\u06f0-\u06f9]*$/u }, // A.8, A.9
  // biome-ignore-end format: one rule a line
];

const RIGHT_TO_LEFT = "\\p{Script=Hebrew}\\p{Script=Arabic}\\p{Script=Syriac}\\p{Script=Thaana}\\p{Script=Nko}";
const HAS_RIGHT_TO_LEFT = new RegExp(`[${RIGHT_TO_LEFT}]`, "u");
/** RFC 5893 §2 as far as scripts tell directions: starts right-to-left and holds no left-to-right letter. */
const OBEYS_BIDI_RULE = new RegExp(`^(?=[${RIGHT_TO_LEFT}])(?:[${RIGHT_TO_LEFT}]|\\P{L})*$`, "u");

/** A name in the UsernameCaseMapped profile: width and case mapped, NFC, IdentifierClass only. RFC 8265 §3.3. */
export function prepareUsername(text: string): Parsed<string> {
  const mapped = text.replace(WIDTH_VARIANT, (character) => character.normalize("NFKC"));
  const name = mapped.toLowerCase().normalize("NFC");
  if (name === "") {
    return unparsed("is empty");
  }
  for (const character of name) {
    if (!isIdentifierCharacter(character)) {
      return unparsed(`may not contain ${nameOf(character)}`);
    }
  }
  return inContext(name);
}

/** A string in the OpaqueString profile: spaces mapped to U+0020, NFC, FreeformClass only. RFC 8265 §4.2. */
export function prepareOpaqueString(text: string): Parsed<string> {
  const mapped = text.replace(/\p{Zs}/gu, " ").normalize("NFC");
  if (mapped === "") {
    return unparsed("is empty");
  }
  for (const character of mapped) {
    if (NEVER.test(character) && !ALWAYS_OR_IN_CONTEXT.test(character)) {
      return unparsed(`may not contain ${nameOf(character)}`);
    }
  }
  return contextFault(mapped) ?? parsed(mapped);
}

function isIdentifierCharacter(character: string): boolean {
  if (ALWAYS_OR_IN_CONTEXT.test(character)) {
    return true;
  }
  // §9.17 HasCompat: a code point that NFKC would change has a double that looks the same.
  return !NEVER.test(character) && LETTER_DIGIT.test(character) && character.normalize("NFKC") === character;
}

function inContext(name: string): Parsed<string> {
  if (HAS_RIGHT_TO_LEFT.test(name) && !OBEYS_BIDI_RULE.test(name)) {
    return unparsed("mixes writing directions");
  }
  return contextFault(name) ?? parsed(name);
}

function contextFault(text: string): Parsed<string> | undefined {
  const broken = CONTEXT_RULES.find((rule) => rule.of.test(text) && !rule.valid.test(text));
  return broken === undefined ? undefined : unparsed("has a character that is not allowed beside its neighbours");
}

function nameOf(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `U+${hex}`;
}

import { type Parsed, parsed, unparsed } from "../sip/parsed.ts";
import { didYouMean } from "./nearest-name.ts";

/** One service parameter: a choice, a whole number within bounds, or one line of text. */
export type Parameter = Choice | Bounded<"integer", number> | Bounded<"text", string>;

interface Choice {
  readonly type: "choice";
  readonly values: readonly string[];
  readonly default: string;
  readonly help: string;
}

interface Bounded<Type extends string, Value> {
  readonly type: Type;
  readonly default: Value;
  readonly min: number; // of the number, or of the length of the text
  readonly max: number;
  readonly unit: "s" | "bytes" | "characters" | "messages";
  readonly help: string;
}

/** Every service parameter that takes effect in this version, in the order in which people read them. */
export const PARAMETERS = {
  "im-gateway.status": {
    type: "choice",
    values: ["on", "off"],
    default: "on",
    help: "Instant messages between SIP and XMPP. Off refuses them with the error message; those within one side go on.",
  },
  "im-gateway.inactive-timeout": {
    type: "integer",
    default: 600,
    min: 10,
    max: 86_400,
    unit: "s",
    help: "A conversation idle this long is closed: its lock and its mappings go.",
  },
  "im-gateway.error-message": {
    type: "text",
    default: "Your IM could not be delivered.",
    min: 1,
    max: 500,
    unit: "characters",
    help: "What users read when an instant message fails.",
  },
  "im.enabled": {
    type: "choice",
    values: ["on", "off"],
    default: "on",
    help: "Instant messaging at all.",
  },
  "im.suppress-offline": {
    type: "choice",
    values: ["on", "off"],
    default: "off",
    help: "On refuses an instant message to a SIP user who is offline. Off stores it until that user registers.",
  },
  "im.offline-expiry": {
    type: "integer",
    default: 604_800,
    min: 60,
    max: 7_776_000, // 90 days
    unit: "s",
    help: "A stored instant message waits this long; then its sender is told that it was not delivered.",
  },
  "im.offline-quota": {
    type: "integer",
    default: 500,
    min: 0,
    max: 100_000,
    unit: "messages",
    help: "Stored instant messages for each user; beyond it the sender is refused.",
  },
  "im.forking": {
    type: "choice",
    values: ["until-reply", "all"],
    default: "until-reply",
    help: "Which of a user's clients receive an instant message: all until one replies, then only that one; or always all.",
  },
  "im.max-size": {
    type: "integer",
    default: 10_000,
    min: 1300, // RFC 3428 §8: what every MESSAGE may carry
    max: 100_000, // a larger stanza would meet the size limit of common XMPP servers
    unit: "bytes",
    help: "Larger bodies are refused with the size named.",
  },
} as const satisfies Readonly<Record<string, Parameter>>;

export type ParameterName = keyof typeof PARAMETERS;

/** The value that each parameter has in the gateway. */
export type ParameterValues = { readonly [N in ParameterName]: ValueOf<(typeof PARAMETERS)[N]> };

type ValueOf<P extends Parameter> = P extends Choice
  ? P["values"][number]
  : P extends { type: "integer" }
    ? number
    : string;

export const PARAMETER_NAMES = Object.keys(PARAMETERS) as readonly ParameterName[];

/** The name as typed by an operator, or which one was probably meant. */
export function parseParameterName(text: string): Parsed<ParameterName> {
  const name = PARAMETER_NAMES.find((known) => known === text);
  if (name !== undefined) return parsed(name);
  return unparsed(`there is no parameter ${JSON.stringify(text)}${didYouMean(text, PARAMETER_NAMES)}`);
}

/** The value of a parameter from text, or why it is not one; the reason names the range. */
export function parseParameter<N extends ParameterName>(name: N, text: string): Parsed<ParameterValues[N]>;
export function parseParameter(name: ParameterName, text: string): Parsed<number | string> {
  const parameter: Parameter = PARAMETERS[name];
  switch (parameter.type) {
    case "choice":
      if (parameter.values.includes(text)) return parsed(text);
      return unparsed(`${name} must be one of ${formatRange(name)}${didYouMean(text, parameter.values)}`);
    case "integer": {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
      if (value >= parameter.min && value <= parameter.max) return parsed(value);
      return unparsed(`${name} must be a whole number in ${formatRange(name)}`);
    }
    case "text":
      return parseLine(name, parameter, text);
  }
}

function parseLine(name: ParameterName, { min, max }: Bounded<"text", string>, text: string): Parsed<string> {
  const length = [...text].length;
  if (length < min || length > max) return unparsed(`${name} must have ${formatRange(name)}, this has ${length}`);
  if (text.trim() === "") return unparsed(`${name} must not be blank`);
  // XML 1.0 §2.2 has no place for these, and users would not see them in a SIP body either.
  if (/[\p{Cc}\p{Cs}\ufffe\uffff]/u.test(text)) return unparsed(`${name} must be one line without control characters`);
  return parsed(text);
}

/** `on, off` or `10..86400 s`. */
export function formatRange(name: ParameterName): string {
  const parameter: Parameter = PARAMETERS[name];
  return parameter.type === "choice"
    ? parameter.values.join(", ")
    : `${parameter.min}..${parameter.max} ${parameter.unit}`;
}

/** docs/PARAMETERS.md. */
export function formatParametersDoc(): string {
  const rows = PARAMETER_NAMES.map((name) => {
    const { default: value, help } = PARAMETERS[name];
    return `| \`${name}\` | ${value} | ${formatRange(name)} | ${help} |`;
  });
  return [
    "# Service parameters",
    "",
    "Printed from `gateway/parameters.ts` by `npm run docs`. Read one with `parley param get NAME`, change it with",
    "`parley param set NAME VALUE`, take the default again with `parley param reset NAME`. A change takes effect on the",
    "next message and survives a restart.",
    "",
    "| parameter | default | range | meaning |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

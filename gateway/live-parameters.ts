import type { Logger } from "pino";
import type { ParameterRecord, Store } from "../store/port.ts";
import {
  formatRange,
  PARAMETER_NAMES,
  PARAMETERS,
  type ParameterName,
  type ParameterValues,
  parseParameter,
  parseParameterName,
} from "./parameters.ts";

/** A parameter as an operator sees it; values are text. */
export interface ParameterRow {
  readonly name: ParameterName;
  readonly value: string;
  readonly default: string;
  readonly range: string;
  readonly help: string;
  /** When and by whom it was set; absent while it has its default. */
  readonly changedAt?: number; // ms since the epoch
  readonly changedBy?: string;
}

/** What became of a change; before and after are text. */
export type ParameterChange =
  | { readonly ok: true; readonly name: ParameterName; readonly before: string; readonly after: string }
  | { readonly ok: false; readonly why: string };

interface LiveParametersOptions {
  readonly store: Store["parameters"];
  readonly now: () => number; // ms since the epoch
  readonly log: Logger;
}

type ChangeListener = (name: ParameterName) => void;

/** The service parameters in force. Reading is synchronous; a change is on disk before it takes effect. */
export class LiveParameters {
  readonly #store: Store["parameters"];
  readonly #now: () => number;
  /** One row at most for each name of the table. */
  readonly #set = new Map<ParameterName, ParameterRecord>();
  #values: ParameterValues = defaults();
  readonly #listeners: ChangeListener[] = [];

  private constructor({ store, now }: LiveParametersOptions) {
    this.#store = store;
    this.#now = now;
  }

  /** Reads what was set before. A row that this version does not take is left in the store, unused, with a warning. */
  static async load(options: LiveParametersOptions): Promise<LiveParameters> {
    const live = new LiveParameters(options);
    for (const record of await options.store.list()) {
      const name = parseParameterName(record.name);
      const value = name.ok ? parseParameter(name.value, record.value) : name;
      if (name.ok && value.ok) live.#apply(name.value, record);
      else if (!value.ok) options.log.warn({ parameter: record.name, why: value.why }, "stored parameter ignored");
    }
    return live;
  }

  get<N extends ParameterName>(name: N): ParameterValues[N] {
    return this.#values[name];
  }

  /** Called after each change of a value with the name of the parameter. */
  onChange(listener: ChangeListener): void {
    this.#listeners.push(listener);
  }

  async set(name: string, text: string, by: string): Promise<ParameterChange> {
    const known = parseParameterName(name);
    if (!known.ok) return known;
    const value = parseParameter(known.value, text);
    if (!value.ok) return value;
    const record = { name, value: String(value.value), changedAt: this.#now(), changedBy: by };
    await this.#store.put(record);
    return this.#apply(known.value, record);
  }

  /** Takes the default again. */
  async reset(name: string): Promise<ParameterChange> {
    const known = parseParameterName(name);
    if (!known.ok) return known;
    await this.#store.remove(name);
    return this.#apply(known.value, undefined);
  }

  list(): readonly ParameterRow[] {
    return PARAMETER_NAMES.map((name) => this.row(name));
  }

  row(name: ParameterName): ParameterRow {
    const record = this.#set.get(name);
    return {
      name,
      value: String(this.#values[name]),
      default: String(PARAMETERS[name].default),
      range: formatRange(name),
      help: PARAMETERS[name].help,
      ...(record === undefined ? {} : { changedAt: record.changedAt, changedBy: record.changedBy }),
    };
  }

  #apply(name: ParameterName, record: ParameterRecord | undefined): ParameterChange {
    const before = String(this.#values[name]);
    const after = record?.value ?? String(PARAMETERS[name].default);
    const value = parseParameter(name, after);
    if (!value.ok) return value;
    if (record === undefined) this.#set.delete(name);
    else this.#set.set(name, record);
    this.#values = { ...this.#values, [name]: value.value };
    if (after !== before) for (const listener of this.#listeners) listener(name);
    return { ok: true, name, before, after };
  }
}

function defaults(): ParameterValues {
  const rows = PARAMETER_NAMES.map((name) => [name, PARAMETERS[name].default]);
  return Object.fromEntries(rows) as ParameterValues;
}

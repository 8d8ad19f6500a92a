import type { Logger } from "pino";
import { z } from "zod";
import type { Appliance } from "./appliance.ts";

/** Why an operation was not done. `message` tells an operator what, where and what to do. */
export interface OperationRefusal {
  readonly code: "not-found" | "exists" | "invalid" | "under-way";
  readonly message: string;
}

/** What a changing operation changed, for the audit log; never a password. */
export interface Change {
  readonly what: string;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

/** A call that has `disclosed` something private is audited, though it changes nothing. */
export type Outcome<Result> =
  | { readonly outcome: "done"; readonly result: Result; readonly change?: Change; readonly disclosed?: string }
  | ({ readonly outcome: "refused" } & OperationRefusal);

/** The input did not have the form that the operation takes; `message` names the field. */
export interface Misuse {
  readonly outcome: "misused";
  readonly message: string;
}

/** Who asks, for the audit log. */
export interface Caller {
  readonly name: string;
}

/** One thing that an operator can do; the control API, the CLI and the console are ways to call it. */
export interface Operation<Name extends string = string, Schema extends z.ZodType = z.ZodType, Result = unknown> {
  readonly name: Name;
  readonly summary: string;
  /** It changes something: its calls are audited and run one after another. */
  readonly changes: boolean;
  readonly input: Schema;
  perform(appliance: Appliance, input: unknown, caller: Caller): Promise<Outcome<Result> | Misuse>;
}

interface Definition<Name extends string, Schema extends z.ZodType, Result> {
  readonly name: Name;
  readonly summary: string;
  readonly changes?: true;
  readonly input: Schema;
  readonly run: (
    appliance: Appliance,
    input: z.output<Schema>,
    caller: Caller,
  ) => Outcome<Result> | Promise<Outcome<Result>>;
}

export function defineOperation<const Name extends string, Schema extends z.ZodType, Result>(
  definition: Definition<Name, Schema, Result>,
): Operation<Name, Schema, Result> {
  const { name, summary, input: schema, changes = false, run } = definition;
  return {
    name,
    summary,
    changes,
    input: schema,
    perform: async (appliance, input, caller) => {
      const checked = schema.safeParse(input);
      if (!checked.success) return { outcome: "misused", message: misuse(checked.error) };
      return run(appliance, checked.data, caller);
    },
  };
}

export function done<Result>(result: Result, change?: Change): Outcome<Result> {
  return { outcome: "done", result, ...(change === undefined ? {} : { change }) };
}

/** A result that shows something private, named by `what` for the audit log; never that itself. */
export function disclosing<Result>(result: Result, what: string): Outcome<Result> {
  return { outcome: "done", result, disclosed: what };
}

export function refused(code: OperationRefusal["code"], message: string): Outcome<never> {
  return { outcome: "refused", code, message };
}

/** Performs one call and writes its line into the audit log if it was to change something, or showed what is private. */
export async function performAudited(
  operation: Operation,
  call: { readonly appliance: Appliance; readonly input: unknown; readonly caller: Caller; readonly log: Logger },
): Promise<Outcome<unknown> | Misuse> {
  const { appliance, input, caller, log } = call;
  const outcome = await operation.perform(appliance, input, caller);
  const facts = { operation: operation.name, by: caller.name };
  if (outcome.outcome === "done" && outcome.disclosed !== undefined) {
    log.info({ ...facts, disclosed: outcome.disclosed }, "operation done");
  }
  if (!operation.changes) return outcome;
  if (outcome.outcome === "done") log.info({ ...facts, ...outcome.change }, "operation done");
  if (outcome.outcome === "refused") log.info({ ...facts, code: outcome.code }, "operation refused");
  return outcome;
}

/** `password: must be text; aor: …`, without the values. */
function misuse(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => [path.join("."), message].filter(Boolean).join(": ")).join("; ");
}

/** How many at the most, 100 unless told. */
export function countInput(max: number) {
  const range = { error: `must be 1..${max}` };
  return z.int(range).min(1, range).max(max, range).default(100);
}

/** Text with a length limit, for the inputs of operations. */
export function textInput(maxChars: number) {
  return z.string({ error: "must be text" }).max(maxChars, { error: `must have at most ${maxChars} characters` });
}

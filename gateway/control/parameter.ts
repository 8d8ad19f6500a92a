import { z } from "zod";
import type { ParameterChange, ParameterRow } from "../live-parameters.ts";
import { parseParameterName } from "../parameters.ts";
import { defineOperation, done, type Outcome, refused, textInput } from "./operation.ts";

const nameInput = textInput(100);

/** A change that took effect; values are text. */
export interface ParameterChanged {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

export const paramList = defineOperation({
  name: "param.list",
  summary: "List the service parameters",
  input: z.strictObject({}),
  run: ({ parameters }): Outcome<readonly ParameterRow[]> => done(parameters.list()),
});

export const paramGet = defineOperation({
  name: "param.get",
  summary: "Show one service parameter",
  input: z.strictObject({ name: nameInput }),
  run: ({ parameters }, { name: typed }): Outcome<ParameterRow> => {
    const name = parseParameterName(typed);
    return name.ok ? done(parameters.row(name.value)) : refused("not-found", name.why);
  },
});

export const paramSet = defineOperation({
  name: "param.set",
  summary: "Change a service parameter; it takes effect on the next message",
  changes: true,
  input: z.strictObject({ name: nameInput, value: textInput(10_000) }),
  run: async ({ parameters }, { name: typed, value }, caller) => {
    const name = parseParameterName(typed);
    if (!name.ok) return refused("not-found", name.why);
    return outcomeOf(await parameters.set(name.value, value, caller.name));
  },
});

export const paramReset = defineOperation({
  name: "param.reset",
  summary: "Give a service parameter its default again",
  changes: true,
  input: z.strictObject({ name: nameInput }),
  run: async ({ parameters }, { name: typed }) => {
    const name = parseParameterName(typed);
    return name.ok ? outcomeOf(await parameters.reset(name.value)) : refused("not-found", name.why);
  },
});

function outcomeOf(change: ParameterChange): Outcome<ParameterChanged> {
  if (!change.ok) return refused("invalid", change.why);
  const { name, before, after } = change;
  return done({ name, before, after }, { what: name, before, after });
}

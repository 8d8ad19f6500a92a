import { z } from "zod";
import { parseAor } from "../mapping/address.ts";
import type { MessageView, NotNow, Told } from "./appliance.ts";
import { MESSAGE_STATES, parseMessageState } from "./message-state.ts";
import { countInput, defineOperation, disclosing, done, type Outcome, refused, textInput } from "./operation.ts";

const idInput = textInput(100);
/** No localpart is longer than 1023 bytes (RFC 7622 §3.3), no domain name than 255; and `sip:`. */
const aorInput = textInput(1283);
const stateInput = z.enum(MESSAGE_STATES, { error: ({ input }) => whyNoState(input) });

/** Enough to look through; a screen takes no more, and the answer stays about 4 MB at the most. */
const MAX_LISTED = 10_000;

/** Some of the messages, the oldest first. `total` is the number of all that match. */
export interface MessageList {
  readonly total: number;
  readonly messages: readonly MessageView[];
}

export const messageList = defineOperation({
  name: "message.list",
  summary: "List the instant messages that are not settled yet, the oldest first; never their texts",
  input: z.strictObject({
    state: stateInput.optional(),
    aor: aorInput.optional(),
    limit: countInput(MAX_LISTED),
  }),
  run: async ({ messages }, { state, aor: typed, limit }): Promise<Outcome<MessageList>> => {
    const aor = typed === undefined ? undefined : parseAor(typed.replace(/^sip:/i, ""));
    if (aor?.ok === false) return refused("invalid", `${JSON.stringify(typed)} is no account name: ${aor.why}`);
    const found = await messages.list({ state, aor: aor?.value, limit });
    return done({ total: found.total, messages: found.messages.map(withoutText) });
  },
});

export const messageShow = defineOperation({
  name: "message.show",
  summary: "Show one instant message; its text only when that is asked for, which is audited",
  input: z.strictObject({ id: idInput, text: z.boolean().default(false) }),
  run: async ({ messages }, { id, text }): Promise<Outcome<MessageView>> => {
    const found = await messages.show(id);
    if (found === undefined) return noSuchMessage(id);
    return text ? disclosing(withText(found), `text of ${id}`) : done(withoutText(found));
  },
});

/** `why` is what it waits for when it was not tried now. */
export interface MessageRetried {
  readonly id: string;
  readonly tried: boolean;
  readonly why?: string | undefined;
}

export const messageRetry = defineOperation({
  name: "message.retry",
  summary: "Try to deliver an instant message now; of a failed one, to tell its sender",
  changes: true,
  input: z.strictObject({ id: idInput }),
  run: async ({ messages }, { id }): Promise<Outcome<MessageRetried>> => {
    const before = await messages.show(id);
    const answer = await messages.retry(id);
    if (answer.outcome !== "retried") return refusalOf(answer.outcome, id);
    const { tried, why } = answer;
    return done({ id, tried, why }, { what: id, before: before?.state, after: tried ? "retried" : before?.state });
  },
});

export const messageDrop = defineOperation({
  name: "message.drop",
  summary: "Drop an instant message; a sender who does not know yet is told that it was dropped",
  changes: true,
  input: z.strictObject({ id: idInput }),
  run: async ({ messages }, { id }): Promise<Outcome<{ readonly id: string; readonly told: Told }>> => {
    const before = await messages.show(id);
    const answer = await messages.drop(id);
    if (answer.outcome !== "dropped") return refusalOf(answer.outcome, id);
    return done({ id, told: answer.told }, { what: id, before: before?.state, after: "dropped" });
  },
});

/** Only what an operator is to see of a message. */
function withoutText(message: MessageView): MessageView {
  const { id, state, direction, from, to, acceptedAt, bytes, problem, stanzaId, callId } = message;
  return { id, state, direction, from, to, acceptedAt, bytes, problem, stanzaId, callId };
}

function withText(message: MessageView): MessageView {
  return { ...withoutText(message), text: message.text };
}

function refusalOf(answer: NotNow, id: string): Outcome<never> {
  switch (answer) {
    case "not-found":
      return noSuchMessage(id);
    case "under-way":
      return refused("under-way", `${id} is being sent at this moment: look again with message show ${id}`);
    case "being-told":
      return refused("under-way", `the sender of ${id} is being told; it goes by itself once that is done`);
  }
}

function noSuchMessage(id: string): Outcome<never> {
  return refused("not-found", `there is no message ${JSON.stringify(id)}: message list shows those there are`);
}

function whyNoState(input: unknown): string {
  const state = parseMessageState(typeof input === "string" ? input : "");
  return state.ok ? "must be text" : state.why;
}

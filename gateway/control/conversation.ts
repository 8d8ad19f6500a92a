import { z } from "zod";
import type { ConversationView } from "./appliance.ts";
import { countInput, defineOperation, done, type Outcome, refused, textInput } from "./operation.ts";

const idInput = textInput(100);

/** Enough to look through; a screen takes no more, and the answer stays about 2 MB at the most. */
const MAX_LISTED = 10_000;

/** Some of the conversations, the most recently active first. */
export interface ConversationList {
  readonly total: number;
  readonly conversations: readonly ConversationView[];
}

export const conversationList = defineOperation({
  name: "conversation.list",
  summary: "List the open conversations, the most recently active first",
  input: z.strictObject({ limit: countInput(MAX_LISTED) }),
  run: ({ conversations }, { limit }): Outcome<ConversationList> => {
    const all = conversations.list();
    return done({ total: all.length, conversations: all.slice(0, limit).map(shown) });
  },
});

export const conversationShow = defineOperation({
  name: "conversation.show",
  summary: "Show one conversation",
  input: z.strictObject({ id: idInput }),
  run: ({ conversations }, { id }): Outcome<ConversationView> => {
    const found = conversations.find(id);
    return found === undefined ? noSuchConversation(id) : done(shown(found));
  },
});

export const conversationExpire = defineOperation({
  name: "conversation.expire",
  summary: "Close a conversation now, as if it had been idle",
  changes: true,
  input: z.strictObject({ id: idInput }),
  run: ({ conversations }, { id }): Outcome<{ readonly id: string }> => {
    if (!conversations.expire(id)) return noSuchConversation(id);
    return done({ id }, { what: id, before: "open", after: "closed" });
  },
});

/** Only what an operator is to see of a row of the table. */
function shown(row: ConversationView): ConversationView {
  const { id, aor, jid, thread, openedAt, activeAt, fromSip, fromXmpp, sipLock, xmppLock } = row;
  return { id, aor, jid, thread, openedAt, activeAt, fromSip, fromXmpp, sipLock, xmppLock };
}

function noSuchConversation(id: string): Outcome<never> {
  return refused(
    "not-found",
    `there is no open conversation ${JSON.stringify(id)}: conversation list shows those there are`,
  );
}

import type { Database } from "better-sqlite3";
import type { ConversationRecord, Store } from "../port.ts";
import type { WriteGroup } from "./write-group.ts";

interface Row extends Omit<ConversationRecord, "thread" | "callId" | "sipLock" | "xmppLock"> {
  readonly thread: string | null;
  readonly callId: string | null;
  readonly sipLock: string | null;
  readonly xmppLock: string | null;
}

export function conversationsIn(database: Database, writes: WriteGroup): Store["conversations"] {
  const list = database.prepare<[], Row>(
    `SELECT id, aor, jid, thread, call_id AS callId, opened_at AS openedAt, active_at AS activeAt, from_sip AS fromSip,
            from_xmpp AS fromXmpp, sip_lock AS sipLock, xmpp_lock AS xmppLock
     FROM conversations ORDER BY id`,
  );
  const put = database.prepare<[Row]>(
    `REPLACE INTO conversations (id, aor, jid, thread, call_id, opened_at, active_at, from_sip, from_xmpp,
       sip_lock, xmpp_lock)
     VALUES (@id, @aor, @jid, @thread, @callId, @openedAt, @activeAt, @fromSip, @fromXmpp, @sipLock, @xmppLock)`,
  );
  const remove = database.prepare<[string]>("DELETE FROM conversations WHERE id = ?");
  return {
    list: async () => list.all().map(recordOf),
    put: async (conversation) => writes.add(() => void put.run(rowOf(conversation))),
    remove: async (id) => writes.add(() => void remove.run(id)),
  };
}

function rowOf(conversation: ConversationRecord): Row {
  const { thread = null, callId = null, sipLock = null, xmppLock = null } = conversation;
  return { ...conversation, thread, callId, sipLock, xmppLock };
}

function recordOf(row: Row): ConversationRecord {
  return {
    ...row,
    thread: row.thread ?? undefined,
    callId: row.callId ?? undefined,
    sipLock: row.sipLock ?? undefined,
    xmppLock: row.xmppLock ?? undefined,
  };
}

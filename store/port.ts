/**
 * The persistence port: plain records, no protocol types, no SQL, everything asynchronous, so that another database can
 * stand behind it. A promise of a write resolves when the write is on disk; writes of one event-loop turn share a commit.
 */

/**
 * A SIP account. Only hashes are kept, never the password: of `user:realm:password`, and of `user@domain:realm:password`
 * (`ha1b`) for phones that sign in with their whole address.
 */
export interface UserRecord {
  readonly aor: string; // user@domain, canonical
  readonly realm: string;
  readonly ha1Md5: string;
  readonly ha1Sha256: string;
  readonly ha1bMd5: string;
  readonly ha1bSha256: string;
  readonly createdAt: number; // ms since the epoch, as every time in this file
}

/** A registered contact. `flow` is the JSON of the flow that it came over. */
export interface BindingRecord {
  readonly aor: string;
  readonly contact: string;
  readonly instance: string | undefined;
  readonly q: number; // thousandths, 0..1000
  readonly callId: string;
  readonly cseq: number;
  readonly expiresAt: number;
  readonly userAgent: string | undefined;
  readonly flow: string;
}

export interface ConversationRecord {
  readonly id: string;
  readonly aor: string; // the SIP side, user@domain
  readonly jid: string; // the XMPP side, bare JID
  readonly thread: string | undefined;
  readonly callId: string | undefined; // of the latest MESSAGE from the SIP side
  readonly openedAt: number;
  readonly activeAt: number;
  readonly fromSip: number; // instant messages so far
  readonly fromXmpp: number;
  readonly sipLock: string | undefined; // contact of the binding that replied
  readonly xmppLock: string | undefined; // full JID that replied
}

/**
 * accepted: under way. stored: waits for its recipient's next REGISTER. confirmed: delivered, its receipt is owed.
 * failed, expired: its sender is still to be told. set-aside: its sender has been told, an operator may look at it.
 */
export type JournalState = "accepted" | "stored" | "confirmed" | "failed" | "expired" | "set-aside";

/** What Parley has taken responsibility for and not yet settled. `payload` is the gateway's own JSON. */
export interface JournalRecord {
  readonly id: string; // sortable: rows are read back in the order in which they were added
  readonly direction: "to-sip" | "to-xmpp";
  readonly conversation: string; // conversation key, the order within it is kept
  readonly aor: string; // the SIP side
  readonly state: JournalState;
  readonly problem: string | undefined; // why it is not delivered, for people
  readonly acceptedAt: number;
  readonly payload: string;
}

/** Which journal rows to read; what is absent does not limit. */
export interface JournalFilter {
  readonly states?: readonly JournalState[];
  readonly direction?: JournalRecord["direction"];
  readonly aor?: string;
  readonly after?: string; // id of a row: those added behind it, also when it is gone by now
  readonly acceptedBefore?: number;
  readonly limit?: number;
}

export interface JournalCount {
  readonly state: JournalState;
  readonly direction: JournalRecord["direction"];
  readonly aor: string;
  readonly rows: number;
}

/** A receipt that a client may still send, found by what it will name. `payload` is the gateway's own JSON. */
export interface AwaitedReceiptRecord {
  readonly key: string;
  readonly expiresAt: number;
  readonly payload: string;
}

export interface ParameterRecord {
  readonly name: string;
  readonly value: string;
  readonly changedAt: number;
  readonly changedBy: string;
}

export interface Store {
  readonly users: {
    get(aor: string): Promise<UserRecord | undefined>;
    list(): Promise<readonly UserRecord[]>;
    put(user: UserRecord): Promise<void>;
    /** Also removes the bindings of that AOR. False when there was none. */
    remove(aor: string): Promise<boolean>;
  };
  readonly bindings: {
    list(): Promise<readonly BindingRecord[]>;
    /** Replaces the row of the same AOR and contact. */
    put(binding: BindingRecord): Promise<void>;
    remove(aor: string, contact: string): Promise<void>;
  };
  readonly conversations: {
    list(): Promise<readonly ConversationRecord[]>;
    put(conversation: ConversationRecord): Promise<void>;
    remove(id: string): Promise<void>;
  };
  readonly journal: {
    /** In the order in which they were added. */
    list(filter: JournalFilter): Promise<readonly JournalRecord[]>;
    get(id: string): Promise<JournalRecord | undefined>;
    counts(): Promise<readonly JournalCount[]>;
    add(row: JournalRecord): Promise<void>;
    /** Nothing happens when the row is gone. */
    move(id: string, to: { readonly state: JournalState; readonly problem: string | undefined }): Promise<void>;
    remove(id: string): Promise<void>;
  };
  readonly awaitedReceipts: {
    get(key: string): Promise<AwaitedReceiptRecord | undefined>;
    /** Those whose key begins so, in the order of their keys. */
    list(prefix: string, limit: number): Promise<readonly AwaitedReceiptRecord[]>;
    /** Replaces the row of the same key. */
    put(receipt: AwaitedReceiptRecord): Promise<void>;
    remove(key: string): Promise<void>;
    /** And beyond `keep` rows those that would expire first. Gives how many have gone. */
    removeExpired(now: number, keep: number): Promise<number>;
  };
  readonly parameters: {
    list(): Promise<readonly ParameterRecord[]>;
    put(parameter: ParameterRecord): Promise<void>;
    remove(name: string): Promise<void>;
  };
  /** A small value of the gateway's own, such as the nonce secret. */
  readonly settings: {
    get(name: string): Promise<string | undefined>;
    put(name: string, value: string): Promise<void>;
  };
  /** A consistent copy to a new file, while the gateway goes on; absent where the database has tools of its own. */
  backup?(path: string): Promise<void>;
  /** Waits for the writes under way, then closes. */
  close(): Promise<void>;
}

import { expect } from "chai";
import type {
  AwaitedReceiptRecord,
  BindingRecord,
  ConversationRecord,
  ParameterRecord,
  Store,
  UserRecord,
} from "../../store/port.ts";
import { describeJournal, describeJournalFilter, describeJournalPages, idsOf, journalRow } from "./journal-contract.ts";

/** Opens the store of one test; the same one again after `close`. */
export type OpenStore = () => Promise<Store>;

const ALICE: UserRecord = {
  aor: "alice@sip.test",
  realm: "sip.test",
  ha1Md5: "0".repeat(32),
  ha1Sha256: "1".repeat(64),
  ha1bMd5: "2".repeat(32),
  ha1bSha256: "3".repeat(64),
  createdAt: 1_700_000_000_000,
};
const BINDING: BindingRecord = {
  aor: "alice@sip.test",
  contact: "sip:alice@192.0.2.7:40000",
  instance: "<urn:uuid:0>",
  q: 700,
  callId: "call-1",
  cseq: 2 ** 31 - 1,
  expiresAt: 1_700_000_600_000,
  userAgent: "phone/1.0",
  flow: '{"protocol":"udp"}',
};
const CONVERSATION: ConversationRecord = {
  id: "c1",
  aor: "alice@sip.test",
  jid: "bob@xmpp.test",
  thread: "t",
  callId: "call-2",
  openedAt: 1,
  activeAt: 2,
  fromSip: 3,
  fromXmpp: 4,
  sipLock: "sip:alice@192.0.2.7:40000",
  xmppLock: "bob@xmpp.test/orchard",
};
const PARAMETER: ParameterRecord = { name: "im.enabled", value: "off", changedAt: 5, changedBy: "root" };

const RECEIPT: AwaitedReceiptRecord = { key: "bob@xmpp.test m1", expiresAt: 1000, payload: "{}" };
/** What every driver of the port does. `open` is called inside the tests. */
export function describeStore(driver: string, open: OpenStore): void {
  let store: Store;
  beforeEach(async () => {
    store = await open();
  });
  afterEach(() => store.close());
  const reopened = async (): Promise<Store> => {
    await store.close();
    store = await open();
    return store;
  };

  describe(`${driver}: users`, () => describeUsers(() => store, reopened));
  describe(`${driver}: bindings`, () => describeBindings(() => store, reopened));
  describe(`${driver}: conversations`, () => describeConversations(() => store, reopened));
  describe(`${driver}: journal`, () => describeJournal(() => store, reopened));
  describe(`${driver}: journal, what is read of it`, () => describeJournalFilter(() => store));
  describe(`${driver}: journal, page after page`, () => describeJournalPages(() => store, reopened));
  describe(`${driver}: awaited receipts`, () => describeAwaitedReceipts(() => store, reopened));
  describe(`${driver}: parameters and settings`, () => describeSmallTables(() => store, reopened));
  describe(`${driver}: writes`, () => describeWrites(() => store, reopened));
}

function describeUsers(store: () => Store, reopened: () => Promise<Store>): void {
  it("a user is found by AOR, and by nothing else", async () => {
    await store().users.put(ALICE);
    expect(await store().users.get("alice@sip.test")).deep.equal(ALICE);
    expect(await store().users.get("ALICE@sip.test")).equal(undefined);
  });

  it("put replaces", async () => {
    const full = { ...ALICE, ha1bMd5: "4".repeat(32), ha1bSha256: "5".repeat(64) };
    await store().users.put(ALICE);
    await store().users.put(full);
    expect(await (await reopened()).users.list()).deep.equal([full]);
  });

  it("remove takes the bindings along and tells whether there was a user", async () => {
    const other = { ...BINDING, aor: "bob@sip.test" };
    await Promise.all([store().users.put(ALICE), store().bindings.put(BINDING), store().bindings.put(other)]);
    expect(await store().users.remove(ALICE.aor)).equal(true);
    expect(await store().users.remove(ALICE.aor)).equal(false);
    expect(await store().users.list()).deep.equal([]);
    expect(await store().bindings.list()).deep.equal([other]);
  });
}

function describeBindings(store: () => Store, reopened: () => Promise<Store>): void {
  it("put replaces the row of the same AOR and contact only", async () => {
    const elsewhere = { ...BINDING, contact: "sip:alice@192.0.2.8" };
    const bare = { ...BINDING, instance: undefined, userAgent: undefined, q: 0 };
    await store().bindings.put(BINDING);
    await store().bindings.put(elsewhere);
    await store().bindings.put(bare);
    expect(await (await reopened()).bindings.list()).deep.equal([bare, elsewhere]);
  });

  it("remove takes one; removing what is not there is no fault", async () => {
    await store().bindings.put(BINDING);
    await store().bindings.remove(BINDING.aor, "sip:other@192.0.2.7");
    expect(await store().bindings.list()).length(1);
    await store().bindings.remove(BINDING.aor, BINDING.contact);
    expect(await store().bindings.list()).deep.equal([]);
  });

  it("text comes back byte for byte", async () => {
    const odd = { ...BINDING, userAgent: "é \u0000 😀 '; DROP TABLE bindings; --" };
    await store().bindings.put(odd);
    expect(await (await reopened()).bindings.list()).deep.equal([odd]);
  });
}

function describeConversations(store: () => Store, reopened: () => Promise<Store>): void {
  it("put, replace, list, remove", async () => {
    const none = { thread: undefined, callId: undefined, sipLock: undefined, xmppLock: undefined };
    const later = { ...CONVERSATION, ...none, fromSip: 9 };
    await store().conversations.put(CONVERSATION);
    expect(await store().conversations.list()).deep.equal([CONVERSATION]);
    await store().conversations.put(later);
    expect(await (await reopened()).conversations.list()).deep.equal([later]);
    await store().conversations.remove("c1");
    expect(await store().conversations.list()).deep.equal([]);
  });
}

function describeAwaitedReceipts(store: () => Store, reopened: () => Promise<Store>): void {
  it("put, replace, get, remove; undefined when there is none", async () => {
    const later = { ...RECEIPT, expiresAt: 2000, payload: '{"aor":"alice@sip.test"}' };
    expect(await store().awaitedReceipts.get(RECEIPT.key)).equal(undefined);
    await store().awaitedReceipts.put(RECEIPT);
    await store().awaitedReceipts.put(later);
    expect(await (await reopened()).awaitedReceipts.get(RECEIPT.key)).deep.equal(later);
    await store().awaitedReceipts.remove(RECEIPT.key);
    await store().awaitedReceipts.remove(RECEIPT.key);
    expect(await store().awaitedReceipts.get(RECEIPT.key)).equal(undefined);
  });

  it("lists the receipts whose key begins alike, in order, up to a limit", async () => {
    for (const key of ["owed b 1", "owed a 2", "owed a 1", "owed a", "owed aa 1"]) {
      await store().awaitedReceipts.put({ ...RECEIPT, key });
    }
    const keysOf = async (limit: number) =>
      (await store().awaitedReceipts.list("owed a ", limit)).map(({ key }) => key);
    expect(await keysOf(10)).deep.equal(["owed a 1", "owed a 2"]);
    expect(await keysOf(1)).deep.equal(["owed a 1"]);
  });

  it("removeExpired takes those whose time has come, and tells how many", async () => {
    const times = [999, 1000, 1001];
    const receipts = times.map((expiresAt) => ({ ...RECEIPT, key: `m${expiresAt}`, expiresAt }));
    await Promise.all(receipts.map((receipt) => store().awaitedReceipts.put(receipt)));
    expect(await store().awaitedReceipts.removeExpired(1000, 100)).equal(2);
    expect(await store().awaitedReceipts.removeExpired(1000, 100)).equal(0);
    const left = await Promise.all(receipts.map(({ key }) => store().awaitedReceipts.get(key)));
    expect(left).deep.equal([undefined, undefined, receipts[2]]);
  });
}

function describeSmallTables(store: () => Store, reopened: () => Promise<Store>): void {
  it("parameters: put, replace, list, remove", async () => {
    const later = { ...PARAMETER, value: "on", changedAt: 7 };
    await store().parameters.put(PARAMETER);
    await store().parameters.put(later);
    expect(await (await reopened()).parameters.list()).deep.equal([later]);
    await store().parameters.remove("im.enabled");
    expect(await store().parameters.list()).deep.equal([]);
  });

  it("settings: put, replace, get; undefined when there is none", async () => {
    expect(await store().settings.get("nonce-secret")).equal(undefined);
    await store().settings.put("nonce-secret", "one");
    await store().settings.put("nonce-secret", "two");
    expect(await (await reopened()).settings.get("nonce-secret")).equal("two");
  });
}

function describeWrites(store: () => Store, reopened: () => Promise<Store>): void {
  it("close waits for the writes under way", async () => {
    const puts = Array.from({ length: 50 }, (_, n) => store().settings.put(`name-${n}`, "value"));
    const again = await reopened();
    await Promise.all(puts);
    expect(await again.settings.get("name-49")).equal("value");
  });

  it("one failing write costs its own promise only", async () => {
    const rows = [journalRow("a"), journalRow("a"), journalRow("b")];
    const results = await Promise.allSettled(rows.map((row) => store().journal.add(row)));
    expect(results.map(({ status }) => status)).deep.equal(["fulfilled", "rejected", "fulfilled"]);
    expect(await idsOf(await reopened())).deep.equal(["a", "b"]);
  });

  it("after close every call is a rejected promise, and closing twice is no fault", async () => {
    await store().close();
    const calls = [store().settings.put("a", "b"), store().settings.get("a"), store().journal.list({})];
    const results = await Promise.allSettled(calls);
    expect(results.map(({ status }) => status)).deep.equal(["rejected", "rejected", "rejected"]);
    await store().close();
  });
}

import type { Config } from "../../../gateway/config.ts";
import type {
  Appliance,
  ConversationView,
  MessagesView,
  MessageView,
  NotNow,
} from "../../../gateway/control/appliance.ts";
import { LiveParameters } from "../../../gateway/live-parameters.ts";
import type { Store, UserRecord } from "../../../store/port.ts";
import { logLines } from "../log-lines.ts";
import { parameterRows } from "../parameter-rows.ts";

const NOW = 90_061_000; // one day, one hour, one minute and one second

/** A running gateway as operations see it, all of it in memory. */
export interface FakeAppliance extends Appliance {
  readonly unregistered: readonly string[]; // AORs whose bindings have been ended
  readonly tried: readonly string[]; // ids of the messages that were to be tried again
  readonly forgotten: readonly string[]; // AORs for whom nothing waits any more
}

export async function fakeAppliance(): Promise<FakeAppliance> {
  const unregistered: string[] = [];
  const tried: string[] = [];
  const forgotten: string[] = [];
  const conversations = new Map(CONVERSATIONS.map((row) => [row.id, row]));
  return {
    version: "1.2.3",
    startedAt: 0,
    now: () => NOW,
    config: CONFIG,
    users: userRows(),
    parameters: await LiveParameters.load({ store: parameterRows(), now: () => NOW, log: logLines().log }),
    conversations: {
      list: () => [...conversations.values()],
      find: (id) => conversations.get(id),
      expire: (id) => conversations.delete(id),
    },
    messages: messagesOf(MESSAGES, { tried, forgotten }),
    registrations: {
      count: () => 3,
      bindingsOf: (aor) => (aor === "alice@sip.test" ? ["sip:alice@192.0.2.1", "sip:alice@192.0.2.2"] : []),
      removeUser: async (aor) => {
        unregistered.push(aor);
      },
    },
    links: [
      {
        status: () => ({
          state: "waiting",
          domain: "sip.test",
          server: "127.0.0.1:5347",
          since: 60_000,
          problem: "connection refused",
          queued: 4,
          unconfirmed: 2,
        }),
      },
    ],
    listeners: ["udp://127.0.0.1:5060"],
    counters: { snapshot: () => ({ "im.refused": 7 }) },
    unregistered,
    tried,
    forgotten,
  };
}

export const CONVERSATIONS: readonly ConversationView[] = [
  { id: "c2", aor: "bob@sip.test", jid: "romeo@xmpp.test", openedAt: 1_000, activeAt: 3_000, fromSip: 1, fromXmpp: 2 },
  {
    id: "c1",
    aor: "alice@sip.test",
    jid: "romeo@xmpp.test",
    thread: "t1",
    openedAt: 1_000,
    activeAt: 2_000,
    fromSip: 0,
    fromXmpp: 1,
    sipLock: "sip:alice@192.0.2.1",
    xmppLock: "romeo@xmpp.test/orchard",
  },
];

/** The oldest first. */
export const MESSAGES: readonly MessageView[] = [
  {
    id: "m1",
    state: "stored",
    direction: "to-sip",
    from: "romeo@xmpp.test/orchard",
    to: "alice@sip.test",
    acceptedAt: 1_000,
    bytes: 15,
    problem: "alice@sip.test is offline",
    stanzaId: "s1",
    text: "good morrow\n\u001b[2J",
  },
  {
    id: "m2",
    state: "handed-over",
    direction: "to-xmpp",
    from: "bob@sip.test",
    to: "romeo@xmpp.test",
    acceptedAt: 2_000,
    bytes: 2,
    callId: "call-2",
    text: "hi",
  },
  {
    id: "m3",
    state: "stored",
    direction: "to-sip",
    from: "romeo@xmpp.test",
    to: "bob@sip.test",
    acceptedAt: 3_000,
    bytes: 3,
    text: "adieu",
  },
  {
    id: "m4",
    state: "failed",
    direction: "to-xmpp",
    from: "carol@sip.test",
    to: "romeo@xmpp.test",
    acceptedAt: 4_000,
    bytes: 4,
    text: "ahem",
  },
  {
    id: "m5",
    state: "set-aside",
    direction: "to-xmpp",
    from: "carol@sip.test",
    to: "romeo@xmpp.test",
    acceptedAt: 5_000,
    bytes: 5,
    text: "hello",
  },
];

interface Done {
  readonly tried: string[];
  readonly forgotten: string[];
}

/** What is handed over is under way, a failed one is being told; the rest can be tried again or dropped. */
function messagesOf(views: readonly MessageView[], { tried, forgotten }: Done): MessagesView {
  const rows = new Map(views.map((view) => [view.id, view]));
  const notNow = (id: string): NotNow | undefined => {
    const row = rows.get(id);
    if (row === undefined) return "not-found";
    if (row.state === "failed") return "being-told";
    return row.state === "handed-over" ? "under-way" : undefined;
  };
  return {
    list: async ({ state, aor, limit }) => {
      const found = [...rows.values()].filter(
        (row) => (state ?? row.state) === row.state && (aor === undefined || [row.from, row.to].includes(aor)),
      );
      return { total: found.length, messages: found.slice(0, limit) };
    },
    show: async (id) => rows.get(id),
    retry: async (id) => {
      const why = notNow(id);
      if (why !== undefined) return { outcome: why };
      tried.push(id);
      if (id === "m1") return { outcome: "retried", tried: true, why: undefined };
      return { outcome: "retried", tried: false, why: "it goes at the next REGISTER of bob@sip.test" };
    },
    drop: async (id) => {
      const why = notNow(id);
      if (why !== undefined) return { outcome: why };
      const told = rows.get(id)?.state === "set-aside" ? "before" : "now";
      rows.delete(id);
      return { outcome: "dropped", told };
    },
    removeUser: async (aor) => {
      forgotten.push(aor);
      return 2;
    },
  };
}

const CONFIG: Config = {
  file: "/etc/parley/parley.yaml",
  sip: { domains: ["sip.test", "two.test"], listen: [], authentication: "digest" },
  xmpp: { server: { host: "127.0.0.1", port: 5347 }, components: [], domains: ["xmpp.test"] },
  store: { driver: "sqlite", file: "/var/lib/parley/parley.db" },
  control: "/run/parley/parley.sock",
  log: { level: "silent", format: "json" },
};

function userRows(): Store["users"] {
  const rows = new Map<string, UserRecord>();
  return {
    get: async (aor) => rows.get(aor),
    list: async () => [...rows.values()],
    put: async (user) => {
      rows.set(user.aor, user);
    },
    remove: async (aor) => rows.delete(aor),
  };
}

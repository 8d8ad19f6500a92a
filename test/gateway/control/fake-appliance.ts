import type { Config } from "../../../gateway/config.ts";
import type { Appliance, ConversationView, MessagesView, MessageView } from "../../../gateway/control/appliance.ts";
import { LiveParameters } from "../../../gateway/live-parameters.ts";
import type { Store, UserRecord } from "../../../store/port.ts";
import { logLines } from "../log-lines.ts";
import { parameterRows } from "../parameter-rows.ts";

const NOW = 90_061_000; // one day, one hour, one minute and one second

/** A running gateway as operations see it, all of it in memory. */
export interface FakeAppliance extends Appliance {
  readonly unregistered: readonly string[]; // AORs whose bindings have been ended
  readonly tried: readonly string[]; // ids of the messages that were to be tried again
}

export async function fakeAppliance(): Promise<FakeAppliance> {
  const unregistered: string[] = [];
  const tried: string[] = [];
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
    messages: messagesOf(MESSAGES, tried),
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
];

/** What is handed over is under way; the rest can be tried again or dropped. */
function messagesOf(views: readonly MessageView[], tried: string[]): MessagesView {
  const rows = new Map(views.map((view) => [view.id, view]));
  const standing = (id: string): "not-found" | "under-way" | "waiting" => {
    const row = rows.get(id);
    if (row === undefined) return "not-found";
    return row.state === "handed-over" ? "under-way" : "waiting";
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
      const now = standing(id);
      if (now !== "waiting") return now;
      tried.push(id);
      return "retried";
    },
    drop: async (id) => {
      const now = standing(id);
      if (now !== "waiting") return now;
      rows.delete(id);
      return "dropped";
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

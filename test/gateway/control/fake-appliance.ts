import type { Config } from "../../../gateway/config.ts";
import type { Appliance, ConversationView } from "../../../gateway/control/appliance.ts";
import { LiveParameters } from "../../../gateway/live-parameters.ts";
import type { Store, UserRecord } from "../../../store/port.ts";
import { logLines } from "../log-lines.ts";
import { parameterRows } from "../parameter-rows.ts";

const NOW = 90_061_000; // one day, one hour, one minute and one second

/** A running gateway as operations see it, all of it in memory. */
export interface FakeAppliance extends Appliance {
  readonly unregistered: readonly string[]; // AORs whose bindings have been ended
}

export async function fakeAppliance(): Promise<FakeAppliance> {
  const unregistered: string[] = [];
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
  },
];

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

import { z } from "zod";
import type { LinkStatus } from "../../xmpp/link/link.ts";
import { defineOperation, done, type Outcome } from "./operation.ts";

export interface Status {
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly listeners: readonly string[];
  readonly links: readonly LinkStatus[];
  readonly users: number;
  readonly bindings: number;
  readonly conversations: number;
  readonly counters: Readonly<Record<string, number>>; // since the start
  readonly memoryBytes: number; // resident
}

export const status = defineOperation({
  name: "status",
  summary: "Show how the gateway is doing",
  input: z.strictObject({}),
  run: async (appliance): Promise<Outcome<Status>> =>
    done({
      version: appliance.version,
      uptimeSeconds: Math.floor((appliance.now() - appliance.startedAt) / 1000),
      listeners: appliance.listeners,
      links: appliance.links.map((link) => link.status()),
      users: (await appliance.users.list()).length,
      bindings: appliance.registrations.count(),
      conversations: appliance.conversations.list().length,
      counters: appliance.counters.snapshot(),
      memoryBytes: process.memoryUsage.rss(),
    }),
});

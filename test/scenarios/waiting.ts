import { join } from "node:path";
import Database from "better-sqlite3";
import type { GatewayUnderTest } from "../peers/gateway.ts";
import { waitFor } from "../peers/wait-for.ts";
import type { BothSides } from "./both-sides.ts";

/** What `parley message list --json` tells of one, as far as tests look at it. */
export interface MessageRow {
  readonly id: string;
  readonly state: string;
  readonly from: string;
  readonly to: string;
  readonly acceptedAt: number;
  readonly bytes: number;
  readonly problem?: string;
  readonly text?: string;
}

/** The messages from or to this SIP user that are not settled, the oldest first. */
export async function messagesOf({ gateway }: BothSides, aor: string): Promise<readonly MessageRow[]> {
  const list = ["message", "list", "--user", aor, "--limit", "1000"];
  return (await gateway.json<{ readonly messages: readonly MessageRow[] }>(list)).messages;
}

/** Gives them once there are so many, all of them at rest in the offline store. */
export function untilStored(sides: BothSides, aor: string, count: number): Promise<readonly MessageRow[]> {
  return waitFor(`${count} messages to wait for ${aor}`, async () => {
    const rows = await messagesOf(sides, aor);
    return rows.length === count && rows.every(({ state }) => state === "stored") && rows;
  });
}

/** Ends the gateway and starts it again; to it, what is stored has meanwhile waited for so long. */
export async function letWait(gateway: GatewayUnderTest, { hours }: { readonly hours: number }): Promise<void> {
  await gateway.end("SIGTERM");
  const database = new Database(join(gateway.folder, "parley.db"));
  const ms = hours * 3_600_000;
  database
    .prepare(
      `UPDATE journal SET accepted_at = accepted_at - @ms,
       payload = json_set(payload, '$.acceptedAt', json_extract(payload, '$.acceptedAt') - @ms)`,
    )
    .run({ ms });
  database.close();
  await gateway.restart("SIGTERM");
}

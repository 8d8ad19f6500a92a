import type { MessageState } from "../../../gateway/control/message-state.ts";
import type { AcceptedIm } from "../../../gateway/delivery/journal.ts";
import { WaitingMessages } from "../../../gateway/delivery/waiting-messages.ts";
import type { JournalState } from "../../../store/port.ts";
import { type DeliveryWorld, deliveryWorld, imWith, turn, type WorldOptions } from "./delivery-world.ts";

/** A delivery world with what an operator sees of it. */
export async function setUp(options: WorldOptions = {}) {
  const world = await deliveryWorld(options);
  await world.delivery.start();
  const messages = new WaitingMessages(world);
  const idsOf = async (filter: { readonly state?: MessageState; readonly aor?: string; readonly limit?: number }) =>
    (await messages.list({ limit: 100, ...filter })).messages.map(({ stanzaId }) => stanzaId);
  return { ...world, messages, idsOf };
}

/** The id of the only row. */
export function idOf({ rows }: DeliveryWorld): string {
  const [id = ""] = rows.keys();
  return id;
}

/** A row of an earlier run, in that state. */
export async function withRow(
  state: JournalState,
  direction: "to-sip" | "to-xmpp" = "to-sip",
  options: RowOptions = {},
) {
  const { im = imWith("a"), contacts } = options;
  const before = await deliveryWorld();
  before.journal.accept(direction, "conv1", im, { state, problem: "a reason" });
  await turn();
  return setUp({ rows: before.rows, ...(contacts && { contacts }) });
}

interface RowOptions extends Pick<WorldOptions, "contacts"> {
  readonly im?: AcceptedIm;
}

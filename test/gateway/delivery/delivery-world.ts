import { ConversationTable } from "../../../gateway/conversation/table.ts";
import { TypingTable } from "../../../gateway/conversation/typing.ts";
import { Counters } from "../../../gateway/counters.ts";
import { Delivery } from "../../../gateway/delivery/delivery.ts";
import { DuplicateStanzas } from "../../../gateway/delivery/duplicates.ts";
import type { AcceptedIm } from "../../../gateway/delivery/journal.ts";
import { LiveParameters } from "../../../gateway/live-parameters.ts";
import { SAME_DOMAINS } from "../../../gateway/mapping/address.ts";
import type { InstantMessage } from "../../../gateway/mapping/instant-message.ts";
import type { ParameterName } from "../../../gateway/parameters.ts";
import { PhoneFeatures } from "../../../gateway/phone-features.ts";
import { Registrations } from "../../../gateway/registrations.ts";
import { Routing } from "../../../gateway/routing.ts";
import type { Binding } from "../../../sip/registrar.ts";
import type { JournalRecord } from "../../../store/port.ts";
import { FakeClock } from "../../sip/fake-clock.ts";
import { parameterRows } from "../parameter-rows.ts";
import { SILENT } from "../silent-log.ts";
import { FakeEngine } from "./fake-engine.ts";
import { FakeLink } from "./fake-link.ts";
import { memoryJournal } from "./memory-journal.ts";
import { memoryReceipts } from "./memory-receipts.ts";

export const ALICE = "alice@sip.test";
export const JULIET = "juliet@xmpp.test/balcony";
export const PHONE = "sip:alice@127.0.0.1:5070";

export const UDP_FLOW = {
  protocol: "udp",
  local: { address: "127.0.0.1", port: 5060 },
  remote: { address: "127.0.0.1", port: 5070 },
} as const;

export function bindingAt(contact: string, over: Partial<Binding> = {}): Binding {
  return {
    aor: ALICE,
    contact,
    instance: undefined,
    q: 1000,
    callId: "c",
    cseq: 1,
    expiresAt: Number.MAX_SAFE_INTEGER,
    userAgent: undefined,
    flow: UDP_FLOW,
    overFlow: true,
    ...over,
  };
}

type Changed = Omit<AcceptedIm, "im"> & { readonly im: Partial<InstantMessage> };

/** An IM from Juliet to Alice's phones, or from Alice to Juliet. */
export function imWith(id: string, { im, ...over }: Partial<Changed> = {}): AcceptedIm {
  return {
    im: { text: `text of ${id}`, id, ...im },
    aor: ALICE,
    jid: JULIET,
    stanzaId: id,
    callId: `call-${id}`,
    acceptedAt: new FakeClock().now(),
    ...over,
  };
}

export interface WorldOptions {
  /** Contacts of Alice's phones. */
  readonly contacts?: readonly string[];
  /** The disk of an earlier run. */
  readonly rows?: Map<string, JournalRecord>;
}

/** Delivery in its house, with both networks, the disk and the time in the hands of the test. */
export async function deliveryWorld({ contacts = [PHONE], rows }: WorldOptions = {}) {
  const link = new FakeLink();
  const engine = new FakeEngine();
  const clock = new FakeClock();
  const counters = new Counters();
  const shared = { clock, log: SILENT, counters };
  const disk = memoryJournal(clock, rows);
  const awaited = memoryReceipts();
  const nowhere = { list: async () => [], put: async () => {}, remove: async () => {} };
  const registrations = new Registrations({ ...shared, store: nowhere });
  const conversations = new ConversationTable({ ...shared, store: nowhere, inactiveTimeoutSeconds: () => 600 });
  const parameters = await LiveParameters.load({ store: parameterRows(), now: () => clock.now(), log: SILENT });
  const served = { sipDomains: new Set(["sip.test"]), xmppDomains: new Set(["xmpp.test"]), domains: SAME_DOMAINS };
  const parts = {
    ...shared,
    engine,
    linkOf: (domain: string) => (domain === link.domain ? link : undefined),
    registrations,
    features: new PhoneFeatures(),
    conversations,
    typing: new TypingTable({ clock, ...silentTyping }),
    duplicates: new DuplicateStanzas({ clock }),
    journal: disk.journal,
    awaitedReceipts: awaited.store,
    parameters,
    routing: new Routing(served),
    isKnown: () => true,
    failureText: (detail: string) => `Not delivered. ${detail}`,
  };
  const register = async (contact: string, over: Partial<Binding> = {}) => {
    const binding = bindingAt(contact, over);
    await registrations.apply(binding.aor, { save: [binding], remove: [] });
    registrations.announce(binding.aor);
  };
  for (const contact of contacts) await register(contact);
  const delivery = new Delivery(parts);
  delivery.startTowardsSip();
  return {
    ...parts,
    ...disk,
    awaited: awaited.rows,
    link,
    delivery,
    register,
    unregister: (aor = ALICE) => registrations.removeUser(aor),
    set: (name: ParameterName, value: string) => parameters.set(name, value, "test"),
    states: () => [...disk.rows.values()].map(({ state }) => state),
    settled: () => settled(clock),
    /** Time passes, and what fell due is done. */
    wait: async (ms: number) => {
      clock.advance(ms);
      await turn();
    },
  };
}

export type DeliveryWorld = Awaited<ReturnType<typeof deliveryWorld>>;

const silentTyping = {
  sendChatState: () => {},
  sendComposing: () => {},
  sipUnderstands: () => false,
  limitHit: () => {},
};

/** Lets what was promised by now happen. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Settled rows leave the disk together, a little later. */
export async function settled(clock: FakeClock): Promise<void> {
  await turn();
  clock.advance(20);
  await turn();
}

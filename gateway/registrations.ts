import type { Logger } from "pino";
import type { ProxyTarget } from "../sip/engine.ts";
import type { Flow } from "../sip/flow.ts";
import type { Binding } from "../sip/registrar.ts";
import type { BindingRecord, Store } from "../store/port.ts";
import { type Arrival, callingBinding } from "./calling-binding.ts";
import type { Clock } from "./clock.ts";
import type { Counters } from "./counters.ts";

export interface RegistrationsOptions {
  readonly store: Store["bindings"];
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
}

export interface BindingChange {
  readonly save: readonly Binding[];
  readonly remove: readonly Binding[];
}

/** How often expired bindings are looked for; `bindingsOf` never gives one that has expired. */
const SWEEP_EVERY_MS = 10_000;

/** The location service: the bindings of every AOR, in memory and in the store. RFC 3261 §10. */
export class Registrations {
  readonly #options: RegistrationsOptions;
  readonly #byAor = new Map<string, readonly Binding[]>();
  readonly #aorsByConnection = new Map<string, Set<string>>();
  readonly #goneListeners: ((aor: string, contact: string) => void)[] = [];
  readonly #registeredListeners: ((aor: string) => void)[] = [];
  #cancelSweep: () => void = () => {};

  constructor(options: RegistrationsOptions) {
    this.#options = options;
  }

  /** Reads the bindings of the last run. */
  async start(): Promise<void> {
    for (const record of await this.#options.store.list()) {
      const binding = bindingFromRecord(record);
      if (binding === undefined) continue;
      this.#byAor.set(binding.aor, [...(this.#byAor.get(binding.aor) ?? []), binding]);
    }
    this.#sweep();
  }

  stop(): void {
    this.#cancelSweep();
  }

  bindingsOf(aor: string): readonly Binding[] {
    const now = this.#options.clock.now();
    return (this.#byAor.get(aor) ?? []).filter((binding) => binding.expiresAt > now);
  }

  /** The binding that a request of that AOR came from; undefined when that cannot be told. */
  bindingOf(arrival: Arrival, aor: string): Binding | undefined {
    return callingBinding(this.bindingsOf(aor), arrival);
  }

  /** Told of each binding that goes: unregistered, expired, replaced, lost with its connection, or its user removed. */
  onGone(listener: (aor: string, contact: string) => void): void {
    this.#goneListeners.push(listener);
  }

  /** Told of each REGISTER that has added or refreshed a binding, once it is answered. */
  onRegistered(listener: (aor: string) => void): void {
    this.#registeredListeners.push(listener);
  }

  count(): number {
    const now = this.#options.clock.now();
    let live = 0;
    for (const bindings of this.#byAor.values()) live += bindings.filter((binding) => binding.expiresAt > now).length;
    return live;
  }

  /** Takes what a REGISTER decided; resolves when it is on disk, so that a 200 is never a promise that a crash breaks. */
  async apply(aor: string, change: BindingChange): Promise<void> {
    await this.#change(aor, change);
  }

  /** The REGISTER that added or refreshed bindings has its 200: now the phone knows that it can be reached. */
  announce(aor: string): void {
    for (const listener of this.#registeredListeners) listener(aor);
  }

  async removeUser(aor: string): Promise<void> {
    await this.#change(aor, { save: [], remove: this.#byAor.get(aor) ?? [] });
  }

  /** A phone that can only be reached over its connection is gone with it. RFC 5626 §5.2. */
  onFlowClosed({ connection }: Flow): void {
    if (connection === undefined) return;
    for (const aor of [...(this.#aorsByConnection.get(connection) ?? [])]) {
      const bindings = this.#byAor.get(aor) ?? [];
      const lost = bindings.filter((binding) => binding.flow.connection === connection);
      this.#options.counters.add("registrations.flow-closed");
      this.#options.log.info(
        { aor, contacts: lost.map((binding) => binding.contact) },
        "binding gone with its connection",
      );
      this.#forget(aor, lost);
    }
  }

  #sweep(): void {
    const now = this.#options.clock.now();
    for (const [aor, bindings] of this.#byAor) {
      const expired = bindings.filter((binding) => binding.expiresAt <= now);
      if (expired.length > 0) this.#forget(aor, expired);
    }
    this.#cancelSweep = this.#options.clock.after(SWEEP_EVERY_MS, () => this.#sweep());
  }

  #forget(aor: string, bindings: readonly Binding[]): void {
    this.#change(aor, { save: [], remove: bindings }).catch((error: unknown) => {
      this.#options.log.error({ err: error, aor }, "binding not removed from the store");
    });
  }

  async #change(aor: string, { save, remove }: BindingChange): Promise<void> {
    const changed = new Set([...remove, ...save].map((binding) => binding.contact));
    const before = this.#byAor.get(aor) ?? [];
    this.#set(aor, [...before.filter((binding) => !changed.has(binding.contact)), ...save]);
    const { store } = this.#options;
    await Promise.all([
      ...remove.map((binding) => store.remove(aor, binding.contact)),
      ...save.map((binding) => store.put(recordFromBinding(binding))),
    ]);
  }

  #set(aor: string, bindings: readonly Binding[]): void {
    const before = this.#byAor.get(aor) ?? [];
    if (bindings.length === 0) this.#byAor.delete(aor);
    else this.#byAor.set(aor, bindings);
    this.#indexConnections(aor, before, bindings);
    const kept = new Set(bindings.map((binding) => binding.contact));
    for (const { contact } of before.filter((binding) => !kept.has(binding.contact))) {
      for (const listener of this.#goneListeners) listener(aor, contact);
    }
  }

  #indexConnections(aor: string, before: readonly Binding[], after: readonly Binding[]): void {
    const index = this.#aorsByConnection;
    for (const connection of connectionsOf(before)) {
      const aors = index.get(connection);
      aors?.delete(aor);
      if (aors?.size === 0) index.delete(connection);
    }
    for (const connection of connectionsOf(after)) index.set(connection, (index.get(connection) ?? new Set()).add(aor));
  }
}

function connectionsOf(bindings: readonly Binding[]): readonly string[] {
  return bindings.flatMap(({ flow }) => flow.connection ?? []);
}

/** Where a request to a device goes: the URI, and the flow where it is the way. RFC 3261 §16.6, RFC 5626 §5.3. */
export function targetOf(binding: Binding): ProxyTarget {
  return { uri: binding.contact, ...(binding.overFlow ? { flow: binding.flow } : {}) };
}

function recordFromBinding(binding: Binding): BindingRecord {
  return {
    aor: binding.aor,
    contact: binding.contact,
    instance: binding.instance,
    q: binding.q,
    callId: binding.callId,
    cseq: binding.cseq,
    expiresAt: binding.expiresAt,
    userAgent: binding.userAgent,
    flow: JSON.stringify({ ...binding.flow, overFlow: binding.overFlow }),
  };
}

/** Connections do not outlive a process: a stream flow of the last run keeps only its addresses. */
function bindingFromRecord(record: BindingRecord): Binding | undefined {
  const { connection: _closed, overFlow, ...flow } = JSON.parse(record.flow) as Flow & Pick<Binding, "overFlow">;
  return { ...record, flow, overFlow };
}

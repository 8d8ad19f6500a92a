import type { Logger } from "pino";
import type { ProxyTarget } from "../sip/engine.ts";
import type { Flow } from "../sip/flow.ts";
import type { Binding } from "../sip/registrar.ts";
import type { BindingRecord, Store } from "../store/port.ts";
import type { Clock } from "./clock.ts";
import type { Counters } from "./counters.ts";

export interface RegistrationsOptions {
  readonly store: Store["bindings"];
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
}

/** How often expired bindings are looked for; `bindingsOf` never gives one that has expired. */
const SWEEP_EVERY_MS = 10_000;

/** The location service: the bindings of every AOR, in memory and in the store. RFC 3261 §10. */
export class Registrations {
  readonly #options: RegistrationsOptions;
  readonly #byAor = new Map<string, readonly Binding[]>();
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

  count(): number {
    const now = this.#options.clock.now();
    let live = 0;
    for (const bindings of this.#byAor.values()) live += bindings.filter((binding) => binding.expiresAt > now).length;
    return live;
  }

  /** Takes what a REGISTER decided; resolves when it is on disk, so that a 200 is never a promise that a crash breaks. */
  async apply(
    aor: string,
    change: { readonly save: readonly Binding[]; readonly remove: readonly Binding[] },
  ): Promise<void> {
    const gone = new Set([...change.remove, ...change.save].map((binding) => binding.contact));
    this.#set(aor, [...(this.#byAor.get(aor) ?? []).filter((binding) => !gone.has(binding.contact)), ...change.save]);
    const { store } = this.#options;
    await Promise.all([
      ...change.remove.map((binding) => store.remove(aor, binding.contact)),
      ...change.save.map((binding) => store.put(recordFromBinding(binding))),
    ]);
  }

  async removeUser(aor: string): Promise<void> {
    await this.apply(aor, { save: [], remove: this.#byAor.get(aor) ?? [] });
  }

  /** A phone that can only be reached over its connection is gone with it. RFC 5626 §5.2. */
  onFlowClosed(flow: Flow): void {
    if (flow.connection === undefined) return;
    for (const [aor, bindings] of this.#byAor) {
      const lost = bindings.filter((binding) => binding.flow.connection === flow.connection);
      if (lost.length === 0) continue;
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
    this.apply(aor, { save: [], remove: bindings }).catch((error: unknown) => {
      this.#options.log.error({ err: error, aor }, "binding not removed from the store");
    });
  }

  #set(aor: string, bindings: readonly Binding[]): void {
    if (bindings.length === 0) this.#byAor.delete(aor);
    else this.#byAor.set(aor, bindings);
  }
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

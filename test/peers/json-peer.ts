import { type PeerCommand, PeerProcess } from "./peer-process.ts";

/** What a driven client told; the fields are those that its script prints. */
export type PeerEvent = { readonly event: string } & Readonly<Record<string, unknown>>;

/** A client behind a script that takes commands and tells events as JSON lines. */
export class JsonPeer {
  readonly #process: PeerProcess;
  readonly #events: PeerEvent[] = [];
  #readUpTo = 0;

  constructor(command: PeerCommand) {
    this.#process = new PeerProcess(command);
  }

  get process(): PeerProcess {
    return this.#process;
  }

  /** Every event so far, oldest first. */
  get events(): readonly PeerEvent[] {
    this.#read();
    return this.#events;
  }

  command(name: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#process.write(`${JSON.stringify({ do: name, ...fields })}\n`);
  }

  /** The first event, past or to come, that fits. */
  until(what: string, fits: (event: PeerEvent) => boolean, timeoutMs?: number): Promise<PeerEvent> {
    return this.#process.until(what, () => this.events.find(fits), timeoutMs);
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }

  /** Ends it with a signal, so that it cannot take its leave. */
  kill(): Promise<void> {
    return this.#process.kill();
  }

  /** Lines that are no JSON are diagnostics of the program. */
  #read(): void {
    const lines = this.#process.output.slice(this.#readUpTo).split("\n").slice(0, -1);
    for (const line of lines) {
      this.#readUpTo += line.length + 1;
      if (line.startsWith('{"event"')) this.#events.push(JSON.parse(line) as PeerEvent);
    }
  }
}

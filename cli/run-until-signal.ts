import { EXIT } from "./exit-codes.ts";

/** A gateway that has been started. */
export interface RunningGateway {
  /** The line to print once both sides are up; rejects if that can never be. */
  readonly ready: Promise<string>;
  /** Finishes what is under way, then closes everything. */
  stop(): Promise<void>;
}

export interface RunOptions {
  /** Rejects with what could not be opened, such as a port in use. */
  readonly start: () => Promise<RunningGateway>;
  readonly signals: { on(signal: "SIGTERM" | "SIGINT", listener: () => void): unknown };
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  /** The second signal does not wait for the draining. */
  readonly exitAtOnce: (code: number) => void;
}

/** Starts, tells when ready, and drains on the first SIGTERM or SIGINT; gives the exit code. */
export async function runUntilSignal(options: RunOptions): Promise<number> {
  const signalled = firstSignal(options);
  try {
    const gateway = await options.start();
    const failed = new Promise<Error>((resolve) => {
      gateway.ready.then(options.print, resolve);
    });
    const trouble = await Promise.race([signalled, failed]);
    await gateway.stop();
    if (trouble === undefined) return EXIT.done;
    options.complain(trouble.message);
  } catch (error) {
    options.complain((error as Error).message);
  }
  return EXIT.refused;
}

function firstSignal({ signals, exitAtOnce }: RunOptions): Promise<undefined> {
  return new Promise((resolve) => {
    let seen = false;
    const onSignal = () => {
      if (seen) exitAtOnce(EXIT.refused);
      seen = true;
      resolve(undefined);
    };
    signals.on("SIGTERM", onSignal);
    signals.on("SIGINT", onSignal);
  });
}

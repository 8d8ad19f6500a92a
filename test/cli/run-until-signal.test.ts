import { EventEmitter } from "node:events";
import { expect } from "chai";
import { type RunningGateway, runUntilSignal } from "../../cli/run-until-signal.ts";

describe("parley serve, from start to signal", () => {
  const never = new Promise<never>(() => {});

  function run(start: () => Promise<RunningGateway>) {
    const signals = new EventEmitter();
    const said: string[] = [];
    const code = runUntilSignal({
      start,
      signals,
      print: (line) => said.push(`out: ${line}`),
      complain: (line) => said.push(`err: ${line}`),
      exitAtOnce: (status) => said.push(`exit ${status}`),
    });
    return { signals, said, code };
  }

  for (const signal of ["SIGTERM", "SIGINT"]) {
    it(`prints the line ready, drains on ${signal} and gives 0`, async () => {
      let drained = false;
      const { signals, said, code } = run(async () => ({
        ready: Promise.resolve("ready udp://127.0.0.1:5060"),
        stop: async () => {
          drained = true;
        },
      }));
      await settled();
      expect(drained).to.equal(false);
      signals.emit(signal);
      expect(await code).to.equal(0);
      expect(drained).to.equal(true);
      expect(said).to.deep.equal(["out: ready udp://127.0.0.1:5060"]);
    });
  }

  it("gives 0 when the signal comes before it is ready", async () => {
    const { signals, said, code } = run(async () => ({ ready: never, stop: async () => {} }));
    await settled();
    signals.emit("SIGTERM");
    expect(await code).to.equal(0);
    expect(said).to.deep.equal([]);
  });

  it("stops what it has begun when the signal comes while it starts", async () => {
    let finishStart: (gateway: RunningGateway) => void = () => {};
    let drained = false;
    const { signals, code } = run(
      () =>
        new Promise((resolve) => {
          finishStart = resolve;
        }),
    );
    signals.emit("SIGTERM");
    finishStart({
      ready: never,
      stop: async () => {
        drained = true;
      },
    });
    expect(await code).to.equal(0);
    expect(drained).to.equal(true);
  });

  it("does not wait for the draining on the second signal", async () => {
    const { signals, said } = run(async () => ({ ready: never, stop: () => never }));
    await settled();
    signals.emit("SIGTERM");
    await settled();
    expect(said).to.deep.equal([]);
    signals.emit("SIGINT");
    expect(said).to.deep.equal(["exit 1"]);
  });

  it("gives 1 and says which port is in use", async () => {
    const { said, code } = run(() => Promise.reject(new Error("udp://127.0.0.1:5060 is in use")));
    expect(await code).to.equal(1);
    expect(said).to.deep.equal(["err: udp://127.0.0.1:5060 is in use"]);
  });

  it("gives 1 after draining when it can never be ready", async () => {
    let drained = false;
    const { said, code } = run(async () => ({
      ready: Promise.reject(new Error("Prosody does not start")),
      stop: async () => {
        drained = true;
      },
    }));
    expect(await code).to.equal(1);
    expect(drained).to.equal(true);
    expect(said).to.deep.equal(["err: Prosody does not start"]);
  });

  it("gives 1 when the draining fails", async () => {
    const { signals, said, code } = run(async () => ({
      ready: never,
      stop: () => Promise.reject(new Error("disk full")),
    }));
    await settled();
    signals.emit("SIGTERM");
    expect(await code).to.equal(1);
    expect(said).to.deep.equal(["err: disk full"]);
  });
});

/** Lets every promise that can settle do so. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

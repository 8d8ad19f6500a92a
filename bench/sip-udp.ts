import { fork } from "node:child_process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { pino } from "pino";
import { EmbeddedSipEngine } from "../sip/embedded/engine.ts";
import type { Row } from "./row.ts";
import { LOAD_PROGRAM, type LoadReport } from "./sip-udp-load.ts";

const REQUESTS = 100_000;
const OUTSTANDING = 64;

const clock = {
  now: () => Date.now(),
  after(ms: number, run: () => void) {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** MESSAGE → 200 over UDP in a closed loop, against a generator in a process of its own on the same machine. */
export async function benchUdp(): Promise<Row[]> {
  const engine = new EmbeddedSipEngine({
    listen: [{ protocol: "udp", address: "127.0.0.1", port: 0 }],
    clock,
    log: pino({ level: "silent" }),
  });
  engine.on("MESSAGE", (_request, responder) => responder.respond(200));
  const [listener] = await engine.start();
  const heapBefore = heapUsed();
  const cpuBefore = process.cpuUsage();
  const report = await runLoad(listener?.local.port ?? 0);
  const cpu = process.cpuUsage(cpuBefore);
  const rss = process.memoryUsage().rss;
  const { serverTransactions } = engine.counters();
  const kept = heapUsed() - heapBefore;
  await engine.stop();
  const name = "sip engine, UDP MESSAGE -> 200, 64 outstanding";
  return [
    { name, value: Math.round(REQUESTS / report.seconds), unit: "requests/s" },
    {
      name: "  processor time a request",
      value: Math.round((cpu.user + cpu.system) / (REQUESTS / 10)) / 10,
      unit: "µs",
    },
    { name: "  sent again", value: report.retransmissions, unit: "requests" },
    { name: `  heap of ${serverTransactions} completed transactions`, value: megabytes(kept), unit: "MB" },
    { name: "  resident memory after", value: megabytes(rss), unit: "MB" },
  ];
}

function runLoad(port: number): Promise<LoadReport> {
  return new Promise((resolve, reject) => {
    const load = fork(LOAD_PROGRAM, [port, REQUESTS, OUTSTANDING].map(String));
    load.once("message", (report) => resolve(report as LoadReport));
    load.once("error", reject);
    load.once("exit", () => reject(new Error("the load program ended without a report")));
  });
}

/** After a full collection, so that only what is reachable counts. */
function heapUsed(): number {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 100_000) / 10;
}

import { writeFileSync } from "node:fs";
import { constants, PerformanceObserver } from "node:perf_hooks";

/** Loaded into the gateway with `--import`: after each full collection it writes how many bytes of V8's heap still live. */
const file = process.env["HEAP_FILE"];

/** What an entry of type `gc` has beside the others. */
interface GcEntry {
  readonly detail?: { readonly kind?: number };
}

const observer = new PerformanceObserver((list) => {
  const isMajor = list
    .getEntries()
    .some((entry) => (entry as GcEntry).detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR);
  if (file !== undefined && isMajor) writeFileSync(file, String(process.memoryUsage().heapUsed));
});
observer.observe({ entryTypes: ["gc"] });

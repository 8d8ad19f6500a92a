import { existsSync, readFileSync } from "node:fs";

/** A process's memory at one moment. */
export interface Sample {
  readonly atSeconds: number;
  readonly residentMb: number;
  readonly heapMb: number; // of V8, what lived after its last full collection
}

export interface Range {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** A part of the run. */
export interface MemoryWindow {
  readonly fromSeconds: number;
  readonly residentMb: Range;
  readonly heapMb: Range;
}

/** The first window fills caches and tables, which are bounded: growth is judged from the second on. */
const JUDGED_FROM = 1;
const FLAT_WITHIN = 0.1;

export function memoryOf(pid: number, heapFile: string): Pick<Sample, "residentMb" | "heapMb"> {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const heapBytes = existsSync(heapFile) ? Number(readFileSync(heapFile, "utf8") || Number.NaN) : Number.NaN;
  return { residentMb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024, heapMb: heapBytes / 2 ** 20 };
}

export function windowsOf(samples: readonly Sample[], windowSeconds: number): readonly MemoryWindow[] {
  const indexOf = ({ atSeconds }: Sample): number => Math.floor(atSeconds / windowSeconds);
  return [...new Set(samples.map(indexOf))].map((index) => {
    const own = samples.filter((sample) => indexOf(sample) === index);
    return {
      fromSeconds: index * windowSeconds,
      residentMb: rangeOf(own.map(({ residentMb }) => residentMb)),
      heapMb: rangeOf(own.map(({ heapMb }) => heapMb)),
    };
  });
}

/** The last window's median of the resident memory is at most a tenth above the second's. */
export function isFlat(windows: readonly MemoryWindow[]): boolean {
  const [first, last] = [windows[JUDGED_FROM], windows.at(-1)];
  if (first === undefined || last === undefined) return false;
  return last.residentMb.median <= first.residentMb.median * (1 + FLAT_WITHIN);
}

function rangeOf(values: readonly number[]): Range {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const at = (index: number): number => Math.round(sorted[index] ?? Number.NaN);
  return { min: at(0), median: at(Math.floor(sorted.length / 2)), max: at(sorted.length - 1) };
}

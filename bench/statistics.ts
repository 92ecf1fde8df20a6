/**
 * CPU time that this thread has used, milliseconds: unlike the clock on the wall, it does not count what else runs on the
 * machine, and on an idle one the two are the same.
 */
export function cpuTime(): number {
  const {user, system} = process.threadCpuUsage();
  return (user + system) / 1000;
}

export interface Summary {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return {count: sorted.length, p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0};
}

// The CPU and the threads of a running server: the share of a core that it uses, the share that it would use if it had a
// core to itself, and how many threads it has started since.

import { type ProcessStats, processStats, WAIT_TIMES_KNOWN } from '../../shared/procfs.js';

/** Shares are measured over the last second. */
const WINDOW_MS = 1_000;
/** A shorter time is too inexact. */
const MIN_WINDOW_MS = 500;

/** Shares of a core, in percent. */
export interface CpuShares {
  readonly used: number;
  /** With the time in which it was ready to run and other processes had the cores; undefined if the kernel does not count it. */
  readonly wanted: number | undefined;
}

interface Sample {
  readonly atMs: number;
  readonly stats: ProcessStats;
}

export class ProcessMonitor {
  readonly #pid: number;
  readonly #threadsBefore: number;
  #samples: readonly Sample[] = [];

  /** Threads are counted from now on. */
  constructor(pid: number) {
    this.#pid = pid;
    this.#threadsBefore = processStats(pid)?.threads ?? 0;
  }

  /** Takes a sample. @returns undefined when the process has ended */
  sample(): { readonly cpu: CpuShares | undefined; readonly newThreads: number } | undefined {
    const stats = processStats(this.#pid);
    if (stats === undefined) return undefined;
    const now = { atMs: performance.now(), stats };
    const recent = this.#samples.filter(({ atMs }) => now.atMs - atMs <= WINDOW_MS);
    this.#samples = [...recent, now];
    return { cpu: sharesBetween(recent[0] ?? now, now), newThreads: stats.threads - this.#threadsBefore };
  }
}

/** @returns undefined if the samples are too close together */
function sharesBetween(first: Sample, last: Sample): CpuShares | undefined {
  const elapsedMs = last.atMs - first.atMs;
  if (elapsedMs < MIN_WINDOW_MS) return undefined;
  const percent = (of: 'cpuSeconds' | 'wantedSeconds') =>
    Math.round(((last.stats[of] - first.stats[of]) * 100_000) / elapsedMs);
  return { used: percent('cpuSeconds'), wanted: WAIT_TIMES_KNOWN ? percent('wantedSeconds') : undefined };
}

// What the kernel says about a running process: the share of a core that it uses, the share that it would use if it had
// a core to itself, and how many threads it has. Linux shows all three in /proc; nothing is asked of the process itself.

import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** What a share is measured over: clock ticks of 10 ms leave one percent of doubt. */
const WINDOW_MS = 1_000;
/** Over less than that a share says little. */
const SHORTEST_MS = 500;
const TICKS_PER_SECOND = 100;

/** Whether there is anything to read here. */
export const gaugeable = existsSync('/proc/self/task');

/** Shares of a core, in percent. */
export interface CpuShares {
  readonly used: number;
  /** With the time in which it was ready to run and other processes had the cores; undefined where the kernel keeps no account. */
  readonly wanted: number | undefined;
}

interface Sample {
  readonly atMs: number;
  readonly usedMs: number;
  readonly wantedMs: number | undefined;
}

export class ProcessStats {
  readonly #pid: number;
  readonly #threadsAtFirst: number;
  #samples: readonly Sample[] = [];

  /** From now on threads are counted. */
  constructor(pid: number) {
    this.#pid = pid;
    this.#threadsAtFirst = countThreads(pid);
  }

  /** Threads that came since the gauge was put on. */
  get newThreads(): number {
    return countThreads(this.#pid) - this.#threadsAtFirst;
  }

  /** In the last second, as far as it was looked at; undefined after less than half a second. */
  cpu(): CpuShares | undefined {
    const now = { atMs: performance.now(), usedMs: usedMs(this.#pid), wantedMs: wantedMs(this.#pid) };
    const recent = this.#samples.filter(({ atMs }) => now.atMs - atMs <= WINDOW_MS);
    this.#samples = [...recent, now];
    const [first = now] = recent;
    const elapsedMs = now.atMs - first.atMs;
    if (elapsedMs < SHORTEST_MS) return undefined;
    const percent = (ms: number) => Math.round((ms / elapsedMs) * 100);
    const wanted =
      now.wantedMs === undefined || first.wantedMs === undefined
        ? undefined
        : percent(now.wantedMs - first.wantedMs);
    return { used: percent(now.usedMs - first.usedMs), wanted };
  }
}

function countThreads(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).length;
}

/** User and system time of all threads so far; proc_pid_stat(5), fields 14 and 15. The second may hold any character. */
function usedMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

/** Run time plus run-queue wait of all threads that live: schedstat of each, in nanoseconds. */
function wantedMs(pid: number): number | undefined {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`).map((task) =>
      readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ').slice(0, 2).map(Number),
    );
    const ns = tasks.flat().reduce((sum, one) => sum + one, 0);
    return ns > 0 ? ns / 1e6 : undefined;
  } catch {
    return undefined; // no such file, or a thread has ended just now
  }
}

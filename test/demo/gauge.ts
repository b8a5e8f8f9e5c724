// What the kernel says about a running process: the share of a core that it uses, and how many threads it has. Linux
// shows both in /proc; nothing is asked of the process itself.

import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** What a share is measured over: clock ticks of 10 ms leave one percent of doubt. */
const WINDOW_MS = 1_000;
/** Over less than that a share says little. */
const SHORTEST_MS = 500;
const TICKS_PER_SECOND = 100;

/** Whether there is anything to read here. */
export const gaugeable = existsSync('/proc/self/task');

interface Sample {
  readonly atMs: number;
  readonly cpuMs: number;
}

export class Gauge {
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

  /** Share of a core in the last second, in percent, as far as it was looked at; undefined after less than half a second. */
  cpuPercent(): number | undefined {
    const now = { atMs: performance.now(), cpuMs: cpuMs(this.#pid) };
    const recent = this.#samples.filter(({ atMs }) => now.atMs - atMs <= WINDOW_MS);
    this.#samples = [...recent, now];
    const [first = now] = recent;
    const elapsedMs = now.atMs - first.atMs;
    if (elapsedMs < SHORTEST_MS) return undefined;
    return Math.round(((now.cpuMs - first.cpuMs) / elapsedMs) * 100);
  }
}

function countThreads(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).length;
}

/** User and system time of all threads so far; proc_pid_stat(5), fields 14 and 15. The second may hold any character. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

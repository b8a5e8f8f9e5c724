// The processes of a server under test: its first one and all that come from it, wherever they have gone. From /proc; without
// it there are none.

import {
  allProcesses,
  descendants,
  isAlive,
  procNames,
  procText,
  statFields,
} from '../../shared/process-tree.js';
import { processStats } from '../../shared/procfs.js';

/** The variable whose value marks every process of one run. */
export const MARK = 'STRCHECK_RUN';

/**
 * Follows the processes that come from one: its descendants, the members of its session, those with its mark in their
 * environment, and all that were ever seen, also if their parents have ended since.
 */
export class ProcessFamily {
  readonly #leader: number;
  readonly #mark: string;
  /** When each started: the kernel gives a number again to another process. */
  readonly #seen = new Map<number, string>();

  constructor(leader: number, mark: string) {
    this.#leader = leader;
    this.#mark = mark;
    this.#see(leader);
  }

  /** Those that live: quick as long as the first one does. */
  living(): number[] {
    const known = [...this.#seen].filter(([pid, started]) => isAlive(pid) && startOf(pid) === started);
    for (const [pid] of known) for (const child of descendants(pid)) this.#see(child);
    if (!isAlive(this.#leader)) this.#search();
    return [...this.#seen.keys()].filter(isAlive);
  }

  /** Also those that have left the others before they were seen. */
  all(): number[] {
    this.#search();
    return this.living();
  }

  #search(): void {
    for (const pid of allProcesses())
      if (Number(statFields(pid)[3]) === this.#leader || isMarked(pid, this.#mark)) this.#see(pid);
  }

  #see(pid: number): void {
    if (!this.#seen.has(pid) && isAlive(pid)) this.#seen.set(pid, startOf(pid));
  }
}

export function processGroup(pid: number): number {
  return Number(statFields(pid)[2]);
}

/** Whether all threads of these processes wait at this moment; false if there is no thread. */
export function allAsleep(pids: readonly number[]): boolean {
  const threads = pids.flatMap((pid) => procNames(`/proc/${pid}/task`).map((tid) => `${pid}/task/${tid}`));
  return (
    threads.length > 0 && threads.every((path) => ['S', 'T', 'Z', ''].includes(statFields(path)[0] ?? ''))
  );
}

/** Of all of them together. */
export function residentMiB(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) =>
    Number(/^VmRSS:\s+(\d+)/m.exec(procText(`/proc/${pid}/status`))?.[1] ?? 0),
  );
  return kilobytes.reduce((sum, size) => sum + size, 0) / 1024;
}

export interface Usage {
  readonly descriptors: number;
  /** On a core and waiting for one. */
  readonly wantedSeconds: number;
  /** On a core only. */
  readonly usedSeconds: number;
  /** Waiting for a core only. */
  readonly queuedSeconds: number;
}

export function usageOf(pids: readonly number[]): Usage {
  const stats = pids.map(processStats).filter((one) => one !== undefined);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    descriptors: sum(pids.map((pid) => procNames(`/proc/${pid}/fd`).length)),
    wantedSeconds: sum(stats.map(({ wantedSeconds }) => wantedSeconds)),
    usedSeconds: sum(stats.map(({ cpuSeconds }) => cpuSeconds)),
    queuedSeconds: sum(stats.map(({ wantedSeconds, cpuSeconds }) => wantedSeconds - cpuSeconds)),
  };
}

/** In clock ticks since the boot. */
function startOf(pid: number): string {
  return statFields(pid)[19] ?? '';
}

function isMarked(pid: number, mark: string): boolean {
  return procText(`/proc/${pid}/environ`).split('\0').includes(`${MARK}=${mark}`);
}

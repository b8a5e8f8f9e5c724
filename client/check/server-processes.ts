// The processes of a server under test: those of its session, and those that carry its mark in their environment, wherever
// they have gone. From /proc; without it there are none.

import { readdirSync } from 'node:fs';
import { processStats, readProcFile } from '../../shared/procfs.js';

/** The variable whose value marks every process of one run. */
export const MARK = 'STRCHECK_RUN';

/**
 * The processes of a session that have not ended: its leader's children and their children, which is quick, and all that /proc
 * has once the leader has ended.
 */
export function sessionProcesses(leader: number): number[] {
  if (isAlive(leader)) return [leader, ...descendants(leader)];
  return allProcesses().filter((pid) => {
    const [state, , , session] = statFields(`/proc/${pid}/stat`);
    return Number(session) === leader && state !== 'Z';
  });
}

function isAlive(pid: number): boolean {
  return !['Z', ''].includes(statFields(`/proc/${pid}/stat`)[0] ?? '');
}

function descendants(pid: number): number[] {
  const children = list(`/proc/${pid}/task`)
    .flatMap((tid) => read(`/proc/${pid}/task/${tid}/children`).split(' '))
    .map(Number)
    .filter((child) => child > 0 && isAlive(child));
  return [...children, ...children.flatMap(descendants)];
}

/** The processes with this mark that have not ended, also those that have left the session. */
export function markedProcesses(value: string): number[] {
  const entry = `${MARK}=${value}`;
  return allProcesses().filter((pid) => read(`/proc/${pid}/environ`).split('\0').includes(entry));
}

/** Whether all threads of these processes wait at this moment; false if there is no thread. */
export function allAsleep(pids: readonly number[]): boolean {
  const threads = pids.flatMap((pid) =>
    list(`/proc/${pid}/task`).map((tid) => `/proc/${pid}/task/${tid}/stat`),
  );
  return (
    threads.length > 0 && threads.every((path) => ['S', 'T', 'Z', ''].includes(statFields(path)[0] ?? ''))
  );
}

/** Of all of them together. */
export function residentMiB(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) => Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0));
  return kilobytes.reduce((sum, size) => sum + size, 0) / 1024;
}

export interface Usage {
  readonly descriptors: number;
  /** On a core and waiting for one. */
  readonly wantedSeconds: number;
  /** Waiting for a core only. */
  readonly queuedSeconds: number;
}

export function usageOf(pids: readonly number[]): Usage {
  const stats = pids.map(processStats).filter((one) => one !== undefined);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    descriptors: sum(pids.map((pid) => list(`/proc/${pid}/fd`).length)),
    wantedSeconds: sum(stats.map(({ wantedSeconds }) => wantedSeconds)),
    queuedSeconds: sum(stats.map(({ wantedSeconds, cpuSeconds }) => wantedSeconds - cpuSeconds)),
  };
}

export function allProcesses(): number[] {
  return list('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
}

/** State, parent, process group, session, ...: the fields after the command, which may hold spaces (proc_pid_stat(5)). */
function statFields(path: string): string[] {
  return read(path)
    .replace(/^.*\) /s, '')
    .split(' ');
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // it has ended
  }
}

function read(path: string): string {
  try {
    return readProcFile(path);
  } catch {
    return ''; // it has ended, or belongs to another user
  }
}

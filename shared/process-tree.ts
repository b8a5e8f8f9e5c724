// Which processes there are, and which come from which. From /proc; without it there are none.

import { readdirSync } from 'node:fs';
import { readOr, readProcFile } from './procfs.js';

export function allProcesses(): number[] {
  return procNames('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
}

/**
 * The processes of a session that have not ended: its leader's children and their children, which is quick, and all that /proc
 * has once the leader has ended.
 */
export function sessionProcesses(leader: number): number[] {
  if (isAlive(leader)) return [leader, ...descendants(leader).filter(isAlive)];
  return allProcesses().filter((pid) => Number(statFields(pid)[3]) === leader && isAlive(pid));
}

export function descendants(pid: number): number[] {
  const children = procNames(`/proc/${pid}/task`)
    .flatMap((tid) => procText(`/proc/${pid}/task/${tid}/children`).split(' '))
    .map(Number)
    .filter((child) => child > 0);
  return [...children, ...children.flatMap(descendants)];
}

export function isAlive(pid: number): boolean {
  return !['Z', ''].includes(statFields(pid)[0] ?? '');
}

/** State, parent, process group, session, ...: the fields after the command, which may hold spaces (proc_pid_stat(5)). */
export function statFields(path: number | string): string[] {
  return procText(`/proc/${path}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ');
}

/** Nothing where there is no such folder. */
export function procNames(folder: string): string[] {
  return readOr(() => readdirSync(folder), []);
}

/** Empty where there is no such file, or it belongs to another user. */
export function procText(path: string): string {
  return readOr(() => readProcFile(path), '');
}

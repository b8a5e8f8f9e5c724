// Waits for a condition. The timeout ends a hang; no test result depends on its length.

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from './program.js';

/** Ends a hang. */
export const TIMEOUT_MS = 60_000;

/** Resolves once the condition holds. */
export async function until(condition: () => boolean, what = String(condition)): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never happened: ${what}`);
    await sleep(5);
  }
}

/** Whether all threads of a program sleep at this moment. One that busy-waits never does, however small its share of a core. */
export function asleep(program: Program): boolean {
  return allThreadsAre('S', program);
}

/** Whether a SIGSTOP has stopped all threads of a program. */
export function stopped(program: Program): boolean {
  return allThreadsAre('T', program);
}

/** Field 3 of proc_pid_stat(5). False without /proc, and after the program has exited. */
function allThreadsAre(state: string, { child: { pid } }: Program): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((task) => {
      const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8');
      return stat.charAt(stat.lastIndexOf(')') + 2) === state;
    });
  } catch {
    return false;
  }
}

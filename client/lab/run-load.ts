// Runs the load in a process of its own and gives back what it found. The process never outlives the call.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { OperationalError } from '../../shared/errors.js';
import { lines } from '../../shared/lines.js';
import type { Said } from './load-process.js';
import type { LoadPlan, LoadResult } from './plan.js';

export interface RunLoadOptions {
  /** Called about five times a second while the load measures, with the letters answered so far. */
  readonly onProgress?: (answered: number) => void;
  /** Ends the load at once; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** A command that the process is run through, such as `taskset -c 1`. */
  readonly through?: readonly string[];
}

const PROGRAM = fileURLToPath(new URL('load-process.js', import.meta.url));

/** @throws OperationalError when the server cannot be reached, or not be brought to where measuring can begin */
export async function runLoad(
  plan: LoadPlan,
  { onProgress, signal, through = [] }: RunLoadOptions = {},
): Promise<LoadResult> {
  signal?.throwIfAborted();
  const args = [PROGRAM, JSON.stringify(plan), ...(onProgress === undefined ? [] : ['progress'])];
  const [command = '', ...rest] = [...through, process.execPath, ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  ended.catch(() => {}); // it is awaited below, perhaps later than it fails
  const end = () => child.kill('SIGKILL');
  process.on('exit', end);
  signal?.addEventListener('abort', end);
  try {
    for await (const line of lines(child.stdout)) {
      const said = JSON.parse(line) as Said;
      if ('result' in said) return said.result;
      if ('error' in said) throw new OperationalError(said.error.code, said.error.message);
      onProgress?.(said.answered);
    }
    signal?.throwIfAborted();
    const [code, killedBy] = await ended;
    throw new Error(`the load ended without a result: ${killedBy ?? `exit ${code}`}`);
  } finally {
    end();
    await ended.catch(() => {});
    process.off('exit', end);
    signal?.removeEventListener('abort', end);
  }
}

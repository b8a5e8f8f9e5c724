// Runs the load in a process of its own, for one run or for one after the other: a load that has run before is warm, and
// its own first steps are not taken for the server's. The process never outlives this one.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { OperationalError } from '../../shared/errors.js';
import { splitLines } from '../../shared/line-splitter.js';
import type { LoadReply, LoadRequest } from './load-process.js';
import type { LoadPlan, LoadResult } from './plan.js';

const PROGRAM = fileURLToPath(new URL('load-process.js', import.meta.url));

export class LoadProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #said: AsyncGenerator<string>;
  readonly #ended: Promise<unknown[]>;
  readonly #end = () => this.#child.kill('SIGKILL');

  /** @param through a command that the process is run through, such as `taskset -c 1` */
  constructor(through: readonly string[] = []) {
    const [command = '', ...rest] = [...through, process.execPath, PROGRAM];
    this.#child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdin.on('error', () => {}); // it has ended, which run() tells
    this.#said = splitLines(this.#child.stdout);
    this.#ended = once(this.#child, 'close');
    this.#ended.catch(() => {}); // it is awaited below, perhaps later than it fails
    process.on('exit', this.#end);
  }

  /**
   * One run at a time.
   * @param onProgress called about five times a second while the load measures, with the letters answered so far
   * @throws OperationalError when the server cannot be reached, or not be brought to where measuring can begin
   */
  async run(plan: LoadPlan, onProgress?: (answered: number) => void): Promise<LoadResult> {
    const asked: LoadRequest = { plan, progress: onProgress !== undefined };
    this.#child.stdin.write(`${JSON.stringify(asked)}\n`);
    for (;;) {
      const { value: line, done } = await this.#said.next();
      if (done) break;
      const said = JSON.parse(line) as LoadReply;
      if ('result' in said) return said.result;
      if ('error' in said) throw new OperationalError(said.error.code, said.error.message);
      onProgress?.(said.answered);
    }
    const [code, killedBy] = await this.#ended;
    throw new Error(`the load ended without a result: ${killedBy ?? `exit ${code}`}`);
  }

  /** Ends it at once; resolves when it has gone. */
  async close(): Promise<void> {
    this.#end();
    await this.#ended.catch(() => {});
    process.off('exit', this.#end);
  }
}

export interface RunLoadOptions {
  readonly onProgress?: (answered: number) => void;
  /** Ends the load at once; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly through?: readonly string[];
}

/** What to run a process through to keep it on this core, where the system has that command. */
export function onCore(core: number): string[] {
  return ['taskset', '-c', String(core)];
}

/** A single run in a process of its own; see LoadProcess. */
export async function runLoad(
  plan: LoadPlan,
  { onProgress, signal, through = plan.core === undefined ? [] : onCore(plan.core) }: RunLoadOptions = {},
): Promise<LoadResult> {
  signal?.throwIfAborted();
  const load = new LoadProcess(through);
  const abort = () => void load.close();
  signal?.addEventListener('abort', abort);
  try {
    return await load.run(plan, onProgress);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
    await load.close();
  }
}

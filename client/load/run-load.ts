// Runs the load in a process of its own, for one run or for several in a row: later runs find compiled code, so the load's
// own start is not measured as the server's. The process never outlives this one.

import { fileURLToPath } from 'node:url';
import { OperationalError } from '../../shared/errors.js';
import { splitLines } from '../../shared/line-splitter.js';
import { Child, output } from '../child-process.js';
import type { BurstPlan, BurstResult } from './burst.js';
import type { LoadReply, LoadRequest } from './load-process.js';
import type { LoadPlan, LoadResult } from './plan.js';

const PROGRAM = fileURLToPath(new URL('load-process.js', import.meta.url));
const BURST = fileURLToPath(new URL('burst.js', import.meta.url));

type OnProgress = (answered: number) => void;

export class LoadProcess {
  readonly #child: Child;
  readonly #replies: AsyncGenerator<string>;

  /** @param through a command that the process is run through, such as `taskset -c 1` */
  constructor(through: readonly string[] = []) {
    this.#child = new Child([...through, process.execPath, PROGRAM]);
    this.#replies = splitLines(this.#child.stdout);
  }

  /**
   * One run at a time.
   * @param onProgress called about five times a second while the load measures, with the letters answered so far
   * @throws OperationalError when the server cannot be reached, or not be brought to where measuring can begin
   */
  async run(plan: LoadPlan, onProgress?: OnProgress): Promise<LoadResult> {
    const request: LoadRequest = { plan, progress: onProgress !== undefined };
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    for (;;) {
      const { value: line, done } = await this.#replies.next();
      if (done) break;
      const reply = JSON.parse(line) as LoadReply;
      if ('result' in reply) return reply.result;
      if ('error' in reply) throw new OperationalError(reply.error.code, reply.error.message);
      onProgress?.(reply.answered);
    }
    throw new Error(`the load ended without a result: ${(await this.#child.ended)?.message ?? 'exit 0'}`);
  }

  /** Ends it at once; resolves when it has ended. */
  close(): Promise<void> {
    return this.#child.kill();
  }
}

/** What to run a process through to keep it on this core, where the system has that command. */
export function onCore(core: number): string[] {
  return ['taskset', '-c', String(core)];
}

/** A single run in a process of its own; see LoadProcess. */
export function runLoad(plan: LoadPlan, onProgress?: OnProgress): Promise<LoadResult> {
  const load = new LoadProcess(plan.core === undefined ? [] : onCore(plan.core));
  return load.run(plan, onProgress).finally(() => load.close());
}

/** A single burst in a process of its own. */
export async function runBurst(plan: BurstPlan): Promise<BurstResult> {
  return JSON.parse(await output([process.execPath, BURST, JSON.stringify(plan)]));
}

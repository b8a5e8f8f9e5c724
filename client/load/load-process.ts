// The process that the load has for itself. It reads a JSON object a line: a plan, and whether it shall say how far it is;
// and prints a JSON object a line: how far it is, and at the end of each run the result or what went wrong.

import { writeSync } from 'node:fs';
import { OperationalError } from '../../shared/errors.js';
import { splitLines } from '../../shared/line-splitter.js';
import { drive } from './load.js';
import type { LoadPlan, LoadResult } from './plan.js';

export interface LoadRequest {
  readonly plan: LoadPlan;
  readonly progress: boolean;
}

export type LoadReply =
  | { readonly answered: number }
  | { readonly result: LoadResult }
  | { readonly error: { readonly code: string; readonly message: string } };

const parent = process.ppid;

for await (const line of splitLines(process.stdin)) run(JSON.parse(line) as LoadRequest);

function run({ plan, progress }: LoadRequest): void {
  const onProgress = (answered: number) => {
    if (process.ppid !== parent) process.exit(1); // nobody waits for the result any more
    if (progress) say({ answered });
  };
  try {
    say({ result: drive(plan, onProgress) });
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    say({ error: { code: error.code, message: error.message } });
  }
}

/** The event loop stands still while the load runs, so everything is written at once. */
function say(said: LoadReply): void {
  writeSync(1, `${JSON.stringify(said)}\n`);
}

// The process that the load has for itself. It reads a JSON object a line, a request, and prints a JSON object a line:
// how far it is, and at the end of each run the result or the error.

import { writeSync } from 'node:fs';
import { OperationalError } from '../../shared/errors.js';
import { splitLines } from '../../shared/line-splitter.js';
import { Load } from './load.js';
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

for await (const line of splitLines(process.stdin)) serve(JSON.parse(line) as LoadRequest);

function serve({ plan, progress }: LoadRequest): void {
  const onProgress = (answered: number) => {
    if (process.ppid !== parent) process.exit(1); // the process that waited for the result has ended
    if (progress) write({ answered });
  };
  try {
    write({ result: new Load(plan, onProgress).run() });
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    write({ error: { code: error.code, message: error.message } });
  }
}

/** Synchronous, since the event loop stands still while the load runs. */
function write(reply: LoadReply): void {
  writeSync(1, `${JSON.stringify(reply)}\n`);
}

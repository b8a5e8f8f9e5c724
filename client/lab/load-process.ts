// The process that the load has for itself. It is given a plan as JSON and prints a JSON object a line: how far it is,
// if that is asked for, and at the end the result or what went wrong.
//
//   node load-process.js PLAN [progress]

import { writeSync } from 'node:fs';
import { OperationalError } from '../../shared/errors.js';
import { drive } from './load.js';
import type { LoadPlan, LoadResult } from './plan.js';

export type Said =
  | { readonly answered: number }
  | { readonly result: LoadResult }
  | { readonly error: { readonly code: string; readonly message: string } };

const parent = process.ppid;
const [, , plan = '', progress] = process.argv;

/** The event loop stands still while the load runs, so everything is written at once. */
function say(said: Said): void {
  writeSync(1, `${JSON.stringify(said)}\n`);
}

try {
  const onProgress = (answered: number) => {
    if (process.ppid !== parent) process.exit(1); // nobody waits for the result any more
    if (progress === 'progress') say({ answered });
  };
  say({ result: drive(JSON.parse(plan) as LoadPlan, onProgress) });
} catch (error) {
  if (!(error instanceof OperationalError)) throw error;
  say({ error: { code: error.code, message: error.message } });
}

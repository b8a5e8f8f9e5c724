// The I/O models that work on this machine. One that does not is skipped, and the reason printed.

import { uringProblem } from '../../shared/libc/uring-setup.js';
import { IO_MODELS, type IoModelName } from '../../shared/options.js';
import { quick } from './skipping.js';

/** Why io_uring does not work here; undefined: it does. */
export const NO_URING = uringProblem();

export const RUNNABLE_MODELS: readonly IoModelName[] = IO_MODELS.filter(
  (io) => io !== 'uring' || NO_URING === undefined,
);

if (NO_URING !== undefined) process.stdout.write(`skipped: --io uring: ${NO_URING}\n`);

/** When quick, those of these models that run here: between them they run all code that a test is about. Otherwise all. */
export function representatives(...models: readonly IoModelName[]): readonly IoModelName[] {
  return RUNNABLE_MODELS.filter((io) => !quick || models.includes(io));
}

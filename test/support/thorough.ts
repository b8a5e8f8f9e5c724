// How far a test goes. `make test` tests a claim once for each path in the code; `make soak` runs the same files in full:
// with every I/O model, and with all repeats.

import type { IoModelName } from '../../shared/options.js';
import { RUNNABLE_MODELS } from './runnable-models.js';

/** The variable with which the section each-model of `make soak` starts the test files; STRSVR_ would be an option of the server. */
export const THOROUGH_VARIABLE = 'THOROUGH_STRING_TESTS';
const thorough = process.env[THOROUGH_VARIABLE] === '1';

/** Of these models, which between them run all code that a test is about, those that work here; in `make soak` all models. */
export function representatives(...models: readonly IoModelName[]): readonly IoModelName[] {
  return RUNNABLE_MODELS.filter((io) => thorough || models.includes(io));
}

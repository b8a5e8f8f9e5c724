// What `strlab` and `make bench` share: runs with a progress bar, and findings printed as soon as they are there.

import { constants } from 'node:os';
import { print } from '../../shared/cli.js';
import type { Experiment, LabOptions } from './experiment.js';
import { Progress } from './progress.js';
import { findingsText } from './report/terminal.js';
import type { Findings } from './results.js';
import { type RunOptions, runExperiments } from './runner.js';
import { ENOUGH_REPEATS } from './statistics.js';

export function runShown(
  experiments: readonly Experiment[],
  lab: LabOptions,
  course: Pick<RunOptions, 'seed' | 'repeats' | 'drive'>,
): Promise<Findings[]> {
  const progress = new Progress('{value} of {total} runs, {eta_formatted} left: {what}');
  return runExperiments(experiments, lab, {
    ...course,
    onRun: (made, of, what) => progress.show(made, of, what),
    onFindings: (findings) => {
      progress.stop();
      return print(`${findingsText(findings, course.repeats < ENOUGH_REPEATS)}\n`);
    },
  }).finally(() => progress.stop());
}

/** Without a handler a signal would end this process without its 'exit', and so leave servers behind. */
export function endOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}

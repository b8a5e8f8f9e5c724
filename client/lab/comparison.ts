// What the comparisons of `strlab bench` share. A comparison is an experiment with thresholds and without charts.

import { counts } from './analysis.js';
import type { Experiment, LabOptions, Trial } from './experiment.js';
import type { Bound, Run } from './results.js';
import { type Threshold, threshold } from './thresholds.js';

/** Lines without a letter that each client sends before a closed loop is measured. */
export const WARM_UP = 200;
export const CLOSED_LOOP = `closed loop: each client sends its next letter when it has the reply. Before, each sends ${WARM_UP} line ends to warm up, which store nothing`;

/** Processor time a letter, as a ratio to that of C epoll in the same repeat: what slows the machine down slows both. */
export const CPU_RATIO = 'CPU/C';
const CPU = 'CPU µs/letter';

export function comparison(made: Omit<Experiment, 'variable'>): Experiment {
  const trials = (lab: LabOptions) => made.trials(lab).map(completed);
  return { variable: 'the server', derive: addCpuRatio, ...made, trials };
}

/** A metric of a server over that of another one, with the same parameter. */
export function against(other: string, metric: string, target: string, parameter: string, bound?: Bound) {
  const conditions = [target, other].map((name) => ({ target: name, parameter }));
  return threshold(`${metric}, ${target} / ${other}, ${parameter}`, metric, conditions, bound);
}

/** Processor time a letter, over that of C epoll. */
export function cpuAgainstC(target: string, parameter: string, bound?: Bound): Threshold {
  const what = `CPU a letter, ${target} / C epoll, ${parameter}`;
  return threshold(what, CPU_RATIO, [{ target, parameter }], bound);
}

function addCpuRatio(runs: readonly Run[]): Run[] {
  return runs.map((run) => {
    const inC = runs
      .filter(({ target, parameter }) => target === 'C epoll' && parameter === run.parameter)
      .find((base) => base.repeat === run.repeat && counts(base))?.metrics[CPU];
    const ours = run.metrics[CPU];
    if (ours === undefined || inC === undefined) return run;
    return { ...run, metrics: { ...run.metrics, [CPU_RATIO]: ours / inC } };
  });
}

/** A run in which the load gave up says nothing about how fast the server is. */
function completed({ measure, ...trial }: Trial): Trial {
  if (typeof measure === 'string') return { ...trial, measure };
  const whole: Trial['measure'] = async (context) => {
    const measured = await measure(context);
    const { answered = 0, sent = 0, timedOut = 0 } = measured.load ?? {};
    if (answered === sent && timedOut === 0) return measured;
    return { ...measured, void: 'it did not answer everything in time' };
  };
  return { ...trial, measure: whole };
}

// What all comparisons of `make bench` share. A comparison is an experiment that is held to goals and draws nothing.

import type { Analysis, Condition } from '../analysis.js';
import type { Experiment, LabOptions, Measured, Trial } from '../experiment.js';
import { list } from '../experiments/common.js';
import type { Threshold } from '../thresholds.js';

/** Lines without a letter that each client sends before a closed loop is measured. */
export const WARM_UP = 200;
export const CLOSED_LOOP = `closed loop: each client sends its next letter when it has the answer. Before, each sends ${WARM_UP} line ends to warm up, which store nothing`;

export interface Comparison extends Experiment {
  readonly thresholds: readonly Threshold[];
}

/** Who is at work for so much of a core holds up the other. */
const BUSY = 80;

export function comparison(made: {
  readonly id: string;
  readonly question: string;
  readonly loop: string;
  readonly columns: readonly string[];
  readonly trials: (lab: LabOptions) => Trial[];
  readonly thresholds: readonly Threshold[];
}): Comparison {
  const trials = (lab: LabOptions) => made.trials(lab).map(completed);
  return { variable: 'the server', hypothesis: '', conclude: bottlenecks, charts: () => [], ...made, trials };
}

/** A run that the load gave up on says nothing about how fast the others were. */
function completed({ measure, ...trial }: Trial): Trial {
  if (typeof measure === 'string') return { ...trial, measure };
  return {
    ...trial,
    measure: async (bench): Promise<Measured> => {
      const measured = await measure(bench);
      const { answered = 1, sent = 1 } = measured.load ?? {};
      return answered > 0 && answered === sent
        ? measured
        : { ...measured, void: 'it did not answer everything in time' };
    },
  };
}

/** Which side each server's runs waited for. */
function bottlenecks(analysis: Analysis): string[] {
  const measured = analysis.conditions.filter((condition) =>
    Number.isFinite(analysis.median(condition, 'load CPU %')),
  );
  const sides = (['the server', 'the load', 'neither side'] as const).map((side) => {
    const conditions = measured.filter((condition) => bottleneck(analysis, condition) === side);
    return conditions.length === 0 ? '' : `${side} for ${list(conditions.map(name))}`;
  });
  const said = sides.filter((side) => side !== '');
  return said.length === 0 ? [] : [`The bottleneck was ${said.join('; ')}.`];
}

function bottleneck(analysis: Analysis, condition: Condition): 'the server' | 'the load' | 'neither side' {
  const server = analysis.median(condition, 'server CPU %');
  const load = analysis.median(condition, 'load CPU %');
  if (Math.max(server, load) < BUSY) return 'neither side';
  return server >= load ? 'the server' : 'the load';
}

function name({ target, parameter }: Condition): string {
  return `${target} (${parameter})`;
}

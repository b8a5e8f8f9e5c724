// The tutorial's client out to lunch (section 4.6): it has connected, and says nothing.

import type { Analysis, Condition } from '../analysis.js';
import type { Experiment, LabOptions } from '../experiment.js';
import type { Point } from '../report/chart.js';
import { formatNumber } from '../report/numbers.js';
import { list, ours } from './common.js';

const CLIENTS = 5;
/** Longer where a thread has to be started for each who is silent. */
const idleTimeoutMs = (idleClients: number) => 1_000 + 100 * idleClients;

const parameters = ({ quick }: LabOptions) => (quick ? [1] : [0, 1, 2, 20]);
const parameter = (idleClients: number) => `${idleClients} silent`;

export const lunch: Experiment = {
  id: 'lunch',
  question: 'Some clients connect first and stay silent: what do the others feel?',
  variable: 'the number of silent clients',
  hypothesis:
    'blocking sleeps in the first silent client’s recv and serves nobody else. All others are told, or find out, who has data.',
  loop: `closed loop, ${CLIENTS} clients that talk; frozen: had no answer after a second, and 0.1 s more for each silent client`,
  columns: ['frozen', 'p50 ms', 'p99 ms', 'max ms'],

  trials: (lab) =>
    ours(lab).flatMap((target) =>
      parameters(lab).map((idleClients) => ({
        target: target.name,
        parameter: parameter(idleClients),
        measure: (bench) =>
          bench.run(target, [], {
            clients: lab.clients ?? CLIENTS,
            idleClients,
            letters: 100 * (lab.clients ?? CLIENTS),
            timeoutMs: idleTimeoutMs(idleClients),
          }),
      })),
    ),

  conclude: (analysis, lab) =>
    parameters(lab)
      .filter((idleClients) => idleClients > 0)
      .map((idleClients) => {
        const at = (target: string) => ({ target, parameter: parameter(idleClients) });
        const frozen = (target: string) => analysis.median(at(target), 'frozen');
        const stuck = analysis.targets.filter((target) => frozen(target) > 0);
        const served = analysis.targets.filter((target) => frozen(target) === 0);
        const worst = Math.max(...served.flatMap((target) => analysis.values(at(target), 'max ms')));
        return `With ${parameter(idleClients)}, ${[
          ...(stuck.length === 0 ? [] : [`clients of ${list(stuck)} were frozen, without any answer`]),
          ...(served.length === 0
            ? []
            : [`${list(served)} served everybody, in ${formatNumber(worst)} ms at most`]),
        ].join('; ')}.`;
      }),

  charts: (analysis, lab) => [
    {
      title: 'The longest that a talking client waited',
      kind: 'bars',
      x: { name: 'clients out to lunch', words: parameters(lab).map(parameter) },
      y: { name: 'ms', log: true },
      series: analysis.targets.map((target) => ({
        name: target,
        points: parameters(lab).flatMap((idleClients, x) =>
          longest(analysis, { target, parameter: parameter(idleClients) }, x),
        ),
      })),
    },
  ],
};

function longest(analysis: Analysis, condition: Condition, x: number): Point[] {
  if (analysis.median(condition, 'frozen') > 0) return [{ x, y: 'never' }];
  const y = analysis.median(condition, 'max ms');
  return Number.isFinite(y) ? [{ x, y }] : [];
}

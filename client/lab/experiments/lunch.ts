// The tutorial's client out to lunch (section 4.6): it has connected, and says nothing.

import type { Evidence, Place } from '../evidence.js';
import type { Experiment, Lab } from '../experiment.js';
import type { Point } from '../report/chart.js';
import { formatNumber } from '../report/numbers.js';
import { list, ours } from './common.js';

const CLIENTS = 5;
/** Longer where a thread has to be started for each who is silent. */
const patienceMs = (silent: number) => 1_000 + 100 * silent;

const levels = ({ quick }: Lab) => (quick ? [1] : [0, 1, 2, 20]);
const level = (silent: number) => `${silent} silent`;

export const lunch: Experiment = {
  id: 'lunch',
  question: 'Some clients connect first and stay silent: what do the others feel?',
  varies: 'the number of silent clients',
  expects:
    'blocking sleeps in the first silent client’s recv and serves nobody else. All others are told, or find out, who has data.',
  loop: `closed loop, ${CLIENTS} clients that talk; frozen: had no answer after a second, and 0.1 s more for each silent client`,
  shown: ['frozen', 'p50 ms', 'p99 ms', 'max ms'],

  cells: (lab) =>
    ours(lab).flatMap((target) =>
      levels(lab).map((silent) => ({
        target: target.name,
        level: level(silent),
        measure: (bench) =>
          bench.run(target, [], {
            clients: lab.clients ?? CLIENTS,
            silent,
            letters: 100 * (lab.clients ?? CLIENTS),
            timeoutMs: patienceMs(silent),
          }),
      })),
    ),

  conclude: (evidence, lab) =>
    levels(lab)
      .filter((silent) => silent > 0)
      .map((silent) => {
        const at = (target: string) => ({ target, level: level(silent) });
        const frozen = (target: string) => evidence.median(at(target), 'frozen');
        const stuck = evidence.targets.filter((target) => frozen(target) > 0);
        const served = evidence.targets.filter((target) => frozen(target) === 0);
        const worst = Math.max(...served.flatMap((target) => evidence.values(at(target), 'max ms')));
        return `With ${level(silent)}, ${[
          ...(stuck.length === 0 ? [] : [`clients of ${list(stuck)} were frozen, without any answer`]),
          ...(served.length === 0
            ? []
            : [`${list(served)} served everybody, in ${formatNumber(worst)} ms at most`]),
        ].join('; ')}.`;
      }),

  charts: (evidence, lab) => [
    {
      title: 'The longest that a talking client waited',
      kind: 'bars',
      x: { name: 'clients out to lunch', words: levels(lab).map(level) },
      y: { name: 'ms', log: true },
      series: evidence.targets.map((target) => ({
        name: target,
        points: levels(lab).flatMap((silent, x) => longest(evidence, { target, level: level(silent) }, x)),
      })),
    },
  ],
};

function longest(evidence: Evidence, place: Place, x: number): Point[] {
  if (evidence.median(place, 'frozen') > 0) return [{ x, y: 'never' }];
  const y = evidence.median(place, 'max ms');
  return Number.isFinite(y) ? [{ x, y }] : [];
}

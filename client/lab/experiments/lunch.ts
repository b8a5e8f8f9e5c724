// The tutorial's client out to lunch (section 4.6): it has connected, and says nothing.

import type { Evidence } from '../evidence.js';
import type { Experiment, Lab } from '../experiment.js';
import { short } from '../report/numbers.js';
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
        const frozen = (target: string) => evidence.median({ target, level: level(silent) }, 'frozen') > 0;
        const stuck = evidence.targets.filter(frozen);
        const served = evidence.targets.filter((target) => !stuck.includes(target));
        const worst = Math.max(
          ...served.map((target) => evidence.median({ target, level: level(silent) }, 'max ms')),
        );
        const verdict =
          stuck.length === 0
            ? 'nobody was frozen'
            : `clients of ${list(stuck)} were frozen, without any answer`;
        return `With ${level(silent)}, ${verdict}; ${list(served)} served everybody, in ${short(worst)} ms at most.`;
      }),

  charts: (evidence, lab) => [
    {
      title: 'The longest that a talking client waited',
      kind: 'bars',
      x: { name: 'clients out to lunch', words: levels(lab).map(level) },
      y: { name: 'ms', log: true },
      series: evidence.targets.map((target) => ({
        name: target,
        points: levels(lab).map((silent, x) => ({ x, y: longest(evidence, target, level(silent)) })),
      })),
    },
  ],
};

function longest(evidence: Evidence, target: string, at: string): number | 'never' {
  const place = { target, level: at };
  return evidence.median(place, 'frozen') > 0 ? 'never' : evidence.median(place, 'max ms');
}

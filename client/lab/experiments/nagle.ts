// Nagle's algorithm holds a small packet back while an earlier one is not acknowledged; the other side delays its
// acknowledgement in the hope of data to send along with it. Both together cost some 40 ms.

import type { Experiment, Lab } from '../experiment.js';
import { short } from '../report/numbers.js';
import { pick } from './common.js';

/** What Linux waits before it acknowledges alone; nearly so is near enough. */
const DELAYED_ACK_MS = 35;

const LEVELS = {
  'TCP_NODELAY, one write': { nagle: false, writes: 1 },
  'TCP_NODELAY, two writes': { nagle: false, writes: 2 },
  'Nagle, one write': { nagle: true, writes: 1 },
  'Nagle, two writes': { nagle: true, writes: 2 },
} as const;
const NAMES = Object.keys(LEVELS);

export const nagle: Experiment = {
  id: 'nagle',
  question: 'Why does a reply sometimes take some 40 ms?',
  varies: 'TCP_NODELAY at both ends, and whether a letter and its line end are one write or two',
  expects:
    'with Nagle’s algorithm the second small write waits for an acknowledgement that the other side delays; in one write, or with TCP_NODELAY, nothing waits.',
  loop: 'closed loop, one client',
  shown: ['p50 ms', 'p99 ms', 'max ms'],

  cells: (lab) =>
    pick(lab, ['events']).flatMap((target) =>
      Object.entries(LEVELS).map(([level, { nagle: on, writes }]) => ({
        target: target.name,
        level,
        measure: (bench) =>
          bench.run(target, on ? ['--nagle'] : [], {
            letters: letters(lab),
            warmup: 3,
            nagle: on,
            writes,
          }),
      })),
    ),

  conclude: (evidence) =>
    evidence.levels.map((level) => {
      const typical = evidence.median({ target: 'events', level }, 'p50 ms');
      const waits = typical > DELAYED_ACK_MS ? ': it waited for a delayed acknowledgement' : '';
      return `${level}: half of the replies took ${short(typical)} ms or more${waits}.`;
    }),

  charts: (evidence) => [
    {
      title: 'Reply times',
      kind: 'bars',
      x: { name: '', words: NAMES },
      y: { name: 'p50 ms', log: true },
      series: evidence.targets.map((name) => ({
        name,
        points: evidence.series(name, 'p50 ms', (level) => NAMES.indexOf(level)),
      })),
    },
    {
      title: 'How often each reply time was seen',
      kind: 'lines',
      x: { name: 'ms', log: true },
      y: { name: 'replies' },
      series: evidence.levels.map((level) => ({ name: level, points: histogram(evidence.runs, level) })),
    },
  ],
};

const letters = ({ quick }: Lab) => (quick ? 10 : 100);

/** All runs of a level together. */
function histogram(runs: Parameters<Experiment['charts']>[0]['runs'], level: string) {
  const counts = new Map<number, number>();
  for (const { load } of runs.filter((run) => run.level === level)) {
    for (const [below, count] of load?.buckets ?? []) counts.set(below, (counts.get(below) ?? 0) + count);
  }
  return [...counts].sort(([one], [other]) => one - other).map(([x, y]) => ({ x, y }));
}

// Nagle's algorithm holds a small packet back while an earlier one is not acknowledged; the other side delays its
// acknowledgement in the hope of data to send along with it. Both together cost some 40 ms, unless there is such data.

import type { Experiment, Lab } from '../experiment.js';
import { formatNumber } from '../report/numbers.js';
import { pick, sentence } from './common.js';

/** What Linux waits before it acknowledges alone; nearly so is near enough. */
const DELAYED_ACK_MS = 35;

const ONCE = { nagle: false, writes: 1 } as const;
const TWICE = { nagle: true, writes: 2 } as const;
/** Which end writes a line in two pieces, under Nagle's algorithm; an end that writes once has TCP_NODELAY. */
const LEVELS = {
  neither: { client: ONCE, server: [] },
  client: { client: TWICE, server: [] },
  server: { client: ONCE, server: ['--nagle'] },
  both: { client: TWICE, server: ['--nagle'] },
} as const;
const NAMES = Object.keys(LEVELS);

export const nagle: Experiment = {
  id: 'nagle',
  question: 'Why does a reply sometimes take some 40 ms?',
  varies: 'which end writes a line in two pieces, under Nagle’s algorithm; one write has TCP_NODELAY',
  expects:
    'Nagle’s algorithm holds the second piece back until the first is acknowledged, and an answer brings the acknowledgement along. The server answers a letter before its line end has come, so a client that writes twice waits for nothing. When the server writes twice, the client has no answer before the line is whole, and acknowledges only after some 40 ms; if both write twice, the client’s own line end comes first.',
  loop: 'closed loop, one client',
  shown: ['p50 ms', 'p99 ms', 'max ms'],

  cells: (lab) =>
    pick(lab, ['events']).flatMap((target) =>
      Object.entries(LEVELS).map(([level, { client, server }]) => ({
        target: target.name,
        level,
        measure: (bench) => bench.run(target, server, { letters: letters(lab), warmup: 3, ...client }),
      })),
    ),

  conclude: (evidence) =>
    sentence(
      evidence.levels.flatMap((level) => {
        const typical = evidence.median({ target: 'events', level }, 'p50 ms');
        if (!Number.isFinite(typical)) return [];
        const waited = typical > DELAYED_ACK_MS ? ', a wait for a delayed acknowledgement' : '';
        return [`${level} ${formatNumber(typical)} ms${waited}`];
      }),
    ).map((found) => `Half of the replies took at least, by which end wrote in two pieces: ${found}`),

  charts: (evidence) => [
    {
      title: 'Reply times',
      kind: 'bars',
      x: { name: '', words: NAMES },
      y: { name: 'p50 ms', log: true },
      series: evidence.lines('p50 ms', (level) => NAMES.indexOf(level)),
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

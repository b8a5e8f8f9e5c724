// Nagle's algorithm holds a small packet back while an earlier one is not acknowledged; the other side delays its
// acknowledgement in the hope of data to send along with it. Both together cost some 40 ms, unless there is such data.

import type { Experiment, LabOptions } from '../experiment.js';
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
  variable: 'which end writes a line in two pieces, under Nagle’s algorithm; one write has TCP_NODELAY',
  hypothesis:
    'Nagle’s algorithm holds the second piece back until the first is acknowledged, and an answer brings the acknowledgement along. The server answers a letter before its line end has come, so a client that writes twice waits for nothing. When the server writes twice, the client has no answer before the line is whole, and acknowledges only after some 40 ms; if both write twice, the client’s own line end comes first.',
  loop: 'closed loop, one client',
  columns: ['p50 ms', 'p99 ms', 'max ms'],

  trials: (lab) =>
    pick(lab, ['events']).flatMap((target) =>
      Object.entries(LEVELS).map(([parameter, { client, server }]) => ({
        target: target.name,
        parameter,
        measure: (bench) => bench.run(target, server, { letters: letters(lab), warmup: 3, ...client }),
      })),
    ),

  conclude: (analysis) =>
    sentence(
      analysis.parameters.flatMap((parameter) => {
        const typical = analysis.median({ target: 'events', parameter }, 'p50 ms');
        if (!Number.isFinite(typical)) return [];
        const waited = typical > DELAYED_ACK_MS ? ', a wait for a delayed acknowledgement' : '';
        return [`${parameter} ${formatNumber(typical)} ms${waited}`];
      }),
    ).map((found) => `Half of the replies took at least, by which end wrote in two pieces: ${found}`),

  charts: (analysis) => [
    {
      title: 'Reply times',
      kind: 'bars',
      x: { name: '', words: NAMES },
      y: { name: 'p50 ms', log: true },
      series: analysis.lines('p50 ms', (parameter) => NAMES.indexOf(parameter)),
    },
    {
      title: 'How often each reply time was seen',
      kind: 'lines',
      x: { name: 'ms', log: true },
      y: { name: 'replies' },
      series: analysis.parameters.map((parameter) => ({
        name: parameter,
        points: histogram(analysis.runs, parameter),
      })),
    },
  ],
};

const letters = ({ quick }: LabOptions) => (quick ? 10 : 100);

/** All runs of a level together. */
function histogram(runs: Parameters<Experiment['charts']>[0]['runs'], parameter: string) {
  const counts = new Map<number, number>();
  for (const { load } of runs.filter((run) => run.parameter === parameter)) {
    for (const [below, count] of load?.buckets ?? []) counts.set(below, (counts.get(below) ?? 0) + count);
  }
  return [...counts].sort(([one], [other]) => one - other).map(([x, y]) => ({ x, y }));
}

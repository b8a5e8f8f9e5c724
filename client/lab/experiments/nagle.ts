// Nagle's algorithm holds a small packet back while an earlier one is not acknowledged; the other side delays its
// acknowledgement, to send it along with data. Together they cost some 40 ms, unless there is such data.

import { formatNumber } from '../../../shared/numbers.js';
import type { Analysis } from '../analysis.js';
import { barChart } from '../charts.js';
import { type Experiment, pick, sentence, trials } from '../experiment.js';

/** What Linux waits before it sends an acknowledgement alone is 40; a median near that counts too. */
const DELAYED_ACK_MS = 35;

const ONCE = { nagle: false, writes: 1 } as const;
const TWICE = { nagle: true, writes: 2 } as const;
/** Which end writes a line in two pieces, with Nagle's algorithm; an end that writes once has TCP_NODELAY. */
const SETUPS = {
  neither: { client: ONCE, server: [] },
  client: { client: TWICE, server: [] },
  server: { client: ONCE, server: ['--nagle'] },
  both: { client: TWICE, server: ['--nagle'] },
} as const;

export default {
  id: 'nagle',
  order: 10,
  question: 'Why does a reply sometimes take some 40 ms?',
  variable: 'which end writes a line in two pieces, with Nagle’s algorithm; one write has TCP_NODELAY',
  hypothesis:
    'Nagle’s algorithm holds the second piece back until the first is acknowledged, and a reply carries the acknowledgement. The server answers a letter before its line end has come, so a client that writes twice does not wait. When the server writes twice, the client has no complete line to answer, and acknowledges only after some 40 ms; if both write twice, the client’s own line end comes first.',
  loop: 'closed loop, one client',
  columns: ['p50 ms', 'p99 ms', 'max ms'],

  trials: (lab) =>
    trials(
      pick(lab, ['events']),
      Object.entries(SETUPS),
      ([name]) => name,
      (target, [, { client, server }]) => {
        const plan = { letters: lab.quick ? 10 : 100, warmup: 3, ...client };
        return (context) => context.run(target, server, plan);
      },
    ),

  conclude: (analysis) =>
    sentence(
      analysis.conditions.flatMap((condition) => {
        const typical = analysis.median(condition, 'p50 ms');
        if (!Number.isFinite(typical)) return [];
        const waited = typical > DELAYED_ACK_MS ? ', a wait for a delayed acknowledgement' : '';
        return [`${condition.parameter} ${formatNumber(typical)} ms${waited}`];
      }),
      'Half of the replies took at least, by which end wrote in two pieces: ',
    ),

  charts: (analysis) => [
    barChart(analysis, 'Reply times', 'p50 ms', 'which end wrote twice', { name: 'p50 ms', log: true }),
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
} satisfies Experiment;

/** All runs with a parameter together. */
function histogram(runs: Analysis['runs'], parameter: string) {
  const counts = new Map<number, number>();
  for (const { load } of runs.filter((run) => run.parameter === parameter)) {
    for (const [below, count] of load?.buckets ?? []) counts.set(below, (counts.get(below) ?? 0) + count);
  }
  return [...counts].sort(([one], [other]) => one - other).map(([x, y]) => ({ x, y }));
}

// The same work for every server, and what it cost against the plainest one: the question that Stevens asked of his servers
// (Stevens, Fenner, Rudoff, UNIX Network Programming, volume 1, chapter 30).

import type { Experiment } from '../experiment.js';
import { IO_MODELS } from '../server-under-test.js';
import { clause, pick, sentence } from './common.js';

const ITERATIVE = 'blocking';
const QUICK_TARGETS = [...IO_MODELS, 'C epoll', 'C threads'];
const LEVEL = 'the same work';

export const cpuCost: Experiment = {
  id: 'table',
  question: 'The same work for every server: what does each I/O model cost against the iterative one?',
  variable: 'the server',
  hypothesis:
    'the iterative server, which serves one client after the other, does nothing but the work itself; what others cost above it is the price of their model. A server of another runtime may well cost less.',
  loop: 'closed loop; processor seconds of the server while it answered',
  columns: ['CPU s', 'user s', 'system s', 'letters/s'],

  trials: (lab) =>
    (lab.quick ? pick(lab, QUICK_TARGETS) : lab.targets).map((target) => ({
      target: target.name,
      parameter: LEVEL,
      measure: (bench) =>
        bench.run(target, [], {
          clients: lab.clients ?? (lab.quick ? 6 : 20),
          letters: lab.quick ? 4_000 : 30_000,
        }),
    })),

  conclude: (analysis) => {
    const at = (target: string) => ({ target, parameter: LEVEL });
    return sentence(
      analysis.targets
        .filter((target) => target !== ITERATIVE)
        .flatMap((target) =>
          clause(target, analysis.compare('CPU s', at(target), at(ITERATIVE), 'processor time')),
        ),
    );
  },

  charts: (analysis) => [
    {
      title: 'Processor seconds for the same work',
      kind: 'bars',
      x: { name: '', words: analysis.targets },
      y: { name: 'CPU s' },
      series: [
        {
          name: 'server',
          points: analysis.targets.flatMap((target, x) => analysis.series(target, 'CPU s', () => x)),
        },
      ],
    },
  ],

  notes: [
    `Iterative is our ${ITERATIVE}: one client after the other in a circle. Of Stevens’s own table only this much is repeated here: pools cut the process control of a fork for each client ten times or more, and threads were usually ahead of processes.`,
  ],
};

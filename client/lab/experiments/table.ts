// The same work for every server, and what it cost against the plainest one: the question that Stevens asked of his servers
// (Stevens, Fenner, Rudoff, UNIX Network Programming, volume 1, chapter 30).

import type { Experiment } from '../experiment.js';
import { IO_MODELS } from '../target.js';
import { clause, pick, sentence } from './common.js';

const ITERATIVE = 'blocking';
const QUICK_TARGETS = [...IO_MODELS, 'C epoll', 'C threads'];
const LEVEL = 'the same work';

export const table: Experiment = {
  id: 'table',
  question: 'The same work for every server: what does each I/O model cost against the iterative one?',
  varies: 'the server',
  expects:
    'the iterative server, which serves one client after the other, does nothing but the work itself; what others cost above it is the price of their model. A server of another runtime may well cost less.',
  loop: 'closed loop; processor seconds of the server while it answered',
  shown: ['CPU s', 'user s', 'system s', 'letters/s'],

  cells: (lab) =>
    (lab.quick ? pick(lab, QUICK_TARGETS) : lab.targets).map((target) => ({
      target: target.name,
      level: LEVEL,
      measure: (bench) =>
        bench.run(target, [], {
          clients: lab.clients ?? (lab.quick ? 6 : 20),
          letters: lab.quick ? 4_000 : 30_000,
        }),
    })),

  conclude: (evidence) => {
    const at = (target: string) => ({ target, level: LEVEL });
    return sentence(
      evidence.targets
        .filter((target) => target !== ITERATIVE)
        .flatMap((target) =>
          clause(target, evidence.compare('CPU s', at(target), at(ITERATIVE), 'processor time')),
        ),
    );
  },

  charts: (evidence) => [
    {
      title: 'Processor seconds for the same work',
      kind: 'bars',
      x: { name: '', words: evidence.targets },
      y: { name: 'CPU s' },
      series: [
        {
          name: 'server',
          points: evidence.targets.flatMap((target, x) => evidence.series(target, 'CPU s', () => x)),
        },
      ],
    },
  ],

  notes: [
    `Iterative is our ${ITERATIVE}: one client after the other in a circle. Of Stevens’s own table only this much is repeated here: pools cut the process control of a fork for each client ten times or more, and threads were usually ahead of processes.`,
  ],
};

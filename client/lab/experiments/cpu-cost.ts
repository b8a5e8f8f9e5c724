// The same work for every server, and its cost above the iterative server: the question that Stevens asked of his servers
// (Stevens, Fenner, Rudoff, UNIX Network Programming, volume 1, chapter 30).

import { IO_MODELS } from '../../../shared/options.js';
import { conditionChart } from '../charts.js';
import { type Experiment, pick, sentence, trials } from '../experiment.js';

const ITERATIVE = 'blocking';
const QUICK = [...IO_MODELS, 'C epoll', 'C threads'];
const PARAMETER = 'the same work';

export default {
  id: 'cpu-cost',
  order: 12,
  question: 'The same work for every server: what does each I/O model cost against the iterative one?',
  variable: 'the server',
  hypothesis:
    'the iterative server, which serves one client after the other, does nothing but the work itself; the cost of the others above it is that of their model. A server of another runtime may well cost less.',
  loop: 'closed loop; processor seconds of the server while it answered',
  columns: ['CPU s', 'user s', 'system s', 'letters/s'],

  trials: (lab) => {
    const plan = { clients: lab.clients ?? (lab.quick ? 6 : 20), letters: lab.quick ? 4_000 : 30_000 };
    return trials(lab.quick ? pick(lab, QUICK) : lab.targets, [PARAMETER], String, () => plan);
  },

  conclude: (analysis) => {
    const at = (target: string) => ({ target, parameter: PARAMETER });
    return sentence(
      analysis.targets
        .filter((target) => target !== ITERATIVE)
        .flatMap((target) =>
          analysis.compare('CPU s', at(target), at(ITERATIVE), { what: 'processor time' }),
        ),
    );
  },

  charts: (analysis) => [
    conditionChart(analysis, 'Processor seconds for the same work', ['CPU s'], 'target', 'CPU s'),
  ],

  notes: [
    `Iterative is our ${ITERATIVE}: one client after the other, round-robin. Of Stevens’s own table only this much is repeated here: pools cut the process control of a fork for each client ten times or more, and threads were usually ahead of processes.`,
  ],
} satisfies Experiment;

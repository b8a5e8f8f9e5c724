// The tutorial's client out to lunch (section 4.6): it has connected and stays silent. In a server that blocks on it, all
// other clients wait: head-of-line blocking.

import { formatNumber } from '../../../shared/numbers.js';
import { IO_MODELS } from '../../../shared/options.js';
import { barChart } from '../charts.js';
import { type Experiment, type LabOptions, list, pick, trials } from '../experiment.js';

const CLIENTS = 5;
const values = ({ quick }: LabOptions) => (quick ? [1] : [0, 1, 2, 20]);
const parameter = (idleClients: number) => `${idleClients} silent`;

export default {
  id: 'lunch',
  order: 1,
  question: 'Head-of-line blocking: some clients connect first and stay silent; are the others served?',
  variable: 'the number of silent clients',
  hypothesis:
    'blocking sleeps in recv on the first silent client and serves no other. All other models learn from the kernel, or by polling, which clients have data.',
  loop: `closed loop, ${CLIENTS} active clients; timed out: had no reply after a second, and 0.1 s more for each silent client`,
  columns: ['timed out', 'p50 ms', 'p99 ms', 'max ms'],

  trials: (lab) => {
    const clients = lab.clients ?? CLIENTS;
    return trials(pick(lab, IO_MODELS), values(lab), parameter, (_, idleClients) => ({
      ...{ clients, idleClients, letters: 100 * clients },
      timeoutMs: 1_000 + 100 * idleClients, // `threads` has to start a thread for each
    }));
  },

  conclude: (analysis) =>
    analysis.parameters
      .filter((parameter) => parameter !== '0 silent')
      .map((parameter) => {
        const at = (target: string) => ({ target, parameter });
        const stuck = analysis.targets.filter((target) => analysis.median(at(target), 'timed out') > 0);
        const served = analysis.targets.filter((target) => analysis.median(at(target), 'timed out') === 0);
        const worst = Math.max(...served.flatMap((target) => analysis.values(at(target), 'max ms')));
        const words = `${list(served)} served all clients, in ${formatNumber(worst)} ms at most`;
        const clauses = [
          ...(stuck.length > 0 ? [`clients of ${list(stuck)} timed out without a reply`] : []),
          ...(served.length > 0 ? [words] : []),
        ];
        return `With ${parameter}, ${clauses.join('; ')}.`;
      }),

  charts: (analysis) => [
    barChart(
      analysis,
      'The longest that an active client waited',
      'max ms',
      'clients out to lunch',
      { name: 'ms', log: true },
      'timed out',
    ),
  ],
} satisfies Experiment;

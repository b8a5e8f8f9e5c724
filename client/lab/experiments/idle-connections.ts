// Many clients are connected and few send: does cost follow the ready or the connected?

import { thousands } from '../../../shared/numbers.js';
import { lineChart } from '../charts.js';
import { type Experiment, type LabOptions, pick, sentence, trials } from '../experiment.js';

const ACTIVE = 100;
const values = ({ quick }: LabOptions) => (quick ? [0, 1_000] : [0, 100, 1_000, 10_000]);
const parameter = (idleClients: number) => `${thousands(idleClients)} idle`;

export default {
  id: 'idle-connections',
  order: 6,
  question: 'A few clients send and many are idle: does cost follow the ready or the connected?',
  variable: `the number of idle clients beside the ${ACTIVE} that send`,
  hypothesis:
    'epoll, which events uses on Linux, keeps its list of sockets in the kernel and returns the ready ones; poll passes the whole list in every call.',
  loop: 'closed loop: each active client sends its next letter when it has the reply',
  columns: ['CPU µs/letter', 'letters/s', 'p99 ms', 'peak MiB'],

  trials: (lab) => {
    const plan = { clients: lab.clients ?? ACTIVE, letters: lab.quick ? 3_000 : 10_000, timeoutMs: 60_000 };
    const targets = pick(lab, ['events', 'poll', 'C epoll'], ['events', 'poll']);
    return trials(targets, values(lab), parameter, (_, idleClients) => ({ ...plan, idleClients }));
  },

  conclude: (analysis, lab) => {
    const most = parameter(values(lab).at(-1) ?? 0);
    const words = { what: 'processor time a letter', other: 'itself with none' };
    return sentence(analysis.compareParameters('CPU µs/letter', most, parameter(0), words), `With ${most}, `);
  },

  charts: (analysis) => [
    lineChart(analysis, 'Processor time a letter as idle clients are added', 'CPU µs/letter', {
      name: 'idle clients',
      log: true,
    }),
  ],
} satisfies Experiment;

// Many are connected and few speak: does cost follow the ready or the connected?

import type { Experiment, LabOptions } from '../experiment.js';
import { clause, pick, sentence } from './common.js';

const TARGETS = ['events', 'poll', 'C epoll'];
const QUICK_TARGETS = ['events', 'poll'];
const ACTIVE = 100;

const parameters = ({ quick }: LabOptions) => (quick ? [0, 1_000] : [0, 100, 1_000, 10_000]);
const parameter = (idleClients: number) => `${idleClients.toLocaleString('en')} idle`;
const x = (at: string) => Number.parseInt(at.replaceAll(',', ''), 10);

export const idleConnections: Experiment = {
  id: 'sparse',
  question: 'A few clients talk and many are idle: does cost follow the ready or the connected?',
  variable: `the number of idle clients beside the ${ACTIVE} that talk`,
  hypothesis:
    'epoll, which is what events uses on Linux, keeps its list in the kernel and tells who is ready; poll hands over the whole list each time.',
  loop: 'closed loop: each client that talks sends its next letter when it has the answer',
  columns: ['CPU µs/letter', 'letters/s', 'p99 ms', 'peak MiB'],

  trials: (lab) =>
    pick(lab, lab.quick ? QUICK_TARGETS : TARGETS).flatMap((target) =>
      parameters(lab).map((idleClients) => ({
        target: target.name,
        parameter: parameter(idleClients),
        measure: (bench) =>
          bench.run(target, [], {
            clients: lab.clients ?? ACTIVE,
            idleClients,
            letters: lab.quick ? 3_000 : 10_000,
            timeoutMs: 60_000,
          }),
      })),
    ),

  conclude: (analysis, lab) => {
    const most = parameter(parameters(lab).at(-1) ?? 0);
    const clauses = analysis.targets.flatMap((target) => {
      const [here, there] = [
        { target, parameter: most },
        { target, parameter: parameter(0) },
      ];
      return clause(
        target,
        analysis.compare('CPU µs/letter', here, there, 'processor time a letter', `${target} with none`),
      );
    });
    return sentence(clauses).map((found) => `With ${most}, ${found}`);
  },

  charts: (analysis) => [
    {
      title: 'Processor time a letter as idle clients are added',
      kind: 'lines',
      x: { name: 'idle clients', log: true },
      y: { name: 'CPU µs/letter', log: true },
      series: analysis.lines('CPU µs/letter', (at) => Math.max(1, x(at))),
    },
  ],

  notes: ['No idle client at all stands at 1 on the logarithmic axis.'],
};

// Many are connected and few speak: does cost follow the ready or the connected?

import type { Experiment, Lab } from '../experiment.js';
import { clause, pick, sentence } from './common.js';

const TARGETS = ['events', 'poll', 'C epoll'];
const QUICK_TARGETS = ['events', 'poll'];
const ACTIVE = 100;

const levels = ({ quick }: Lab) => (quick ? [0, 1_000] : [0, 100, 1_000, 10_000]);
const level = (silent: number) => `${silent.toLocaleString('en')} idle`;
const x = (at: string) => Number.parseInt(at.replaceAll(',', ''), 10);

export const sparse: Experiment = {
  id: 'sparse',
  question: 'A few clients talk and many are idle: does cost follow the ready or the connected?',
  varies: `the number of idle clients beside the ${ACTIVE} that talk`,
  expects:
    'epoll, which is what events uses on Linux, keeps its list in the kernel and tells who is ready; poll hands over the whole list each time.',
  loop: 'closed loop: each client that talks sends its next letter when it has the answer',
  shown: ['CPU µs/letter', 'letters/s', 'p99 ms', 'peak MiB'],

  cells: (lab) =>
    pick(lab, lab.quick ? QUICK_TARGETS : TARGETS).flatMap((target) =>
      levels(lab).map((silent) => ({
        target: target.name,
        level: level(silent),
        measure: (bench) =>
          bench.run(target, [], {
            clients: lab.clients ?? ACTIVE,
            silent,
            letters: lab.quick ? 3_000 : 10_000,
            timeoutMs: 60_000,
          }),
      })),
    ),

  conclude: (evidence, lab) => {
    const most = level(levels(lab).at(-1) ?? 0);
    const clauses = evidence.targets.flatMap((target) => {
      const [here, there] = [
        { target, level: most },
        { target, level: level(0) },
      ];
      return clause(
        target,
        evidence.compare('CPU µs/letter', here, there, 'processor time a letter', `${target} with none`),
      );
    });
    return sentence(clauses).map((found) => `With ${most}, ${found}`);
  },

  charts: (evidence) => [
    {
      title: 'Processor time a letter as idle clients are added',
      kind: 'lines',
      x: { name: 'idle clients', log: true },
      y: { name: 'CPU µs/letter', log: true },
      series: evidence.lines('CPU µs/letter', (at) => Math.max(1, x(at))),
    },
  ],

  notes: ['No idle client at all stands at 1 on the logarithmic axis.'],
};

// Letters that cost the server processor time: when do threads win?

import { availableParallelism } from 'node:os';
import { plural, thousands } from '../../../shared/numbers.js';
import { type Experiment, type LabOptions, pick, sentence, trials } from '../experiment.js';

const CLIENTS = 4;

/** Of computing for each letter, see `strsvr --cpu-rounds`. */
const rounds = ({ quick }: LabOptions) => (quick ? [100_000] : [0, 1_000, 10_000, 100_000, 1_000_000]);
const cores = ({ quick }: LabOptions) => (quick ? [2] : [1, 2]);
const parameter = (rounds: number, cores: number) => `${thousands(rounds)} rounds, ${plural(cores, 'core')}`;
const letters = (rounds: number) => Math.max(40, Math.min(3_000, Math.round(4e7 / (rounds + 1))));

export default {
  id: 'cpu-bound',
  order: 8,
  question: 'Each letter takes the server processor time: when do threads win?',
  variable: 'rounds of computing for each letter, and the cores that the server may use',
  hypothesis:
    'one thread computes one letter at a time, however many cores there are, and all other clients wait meanwhile; a thread for each client uses all cores. On one core threads gain nothing.',
  loop: `closed loop, ${CLIENTS} clients`,
  columns: ['letters/s', 'p50 ms', 'p99 ms', 'CPU µs/letter'],

  trials: (lab) =>
    trials(
      pick(lab, ['events', 'threads']),
      rounds(lab).flatMap((rounds) => cores(lab).map((cores) => [rounds, cores] as const)),
      ([rounds, cores]) => parameter(rounds, cores),
      (target, [rounds, cores]) => {
        const allowed = cores === 1 ? '0' : '0,1';
        const pinned = { ...target, command: ['taskset', '-c', allowed, ...target.command] };
        const plan = { clients: lab.clients ?? CLIENTS, letters: letters(rounds) };
        return whyNot(cores) ?? ((context) => context.run(pinned, ['--cpu-rounds', String(rounds)], plan));
      },
    ),

  conclude: (analysis, lab) => {
    const most = rounds(lab).at(-1) ?? 0;
    const clauses = cores(lab).flatMap((cores) => {
      const name = parameter(most, cores);
      const at = (target: string) => ({ target, parameter: name });
      return analysis.compare('letters/s', at('threads'), at('events'), { name });
    });
    return sentence(clauses, 'Threads at ');
  },

  charts: (analysis, lab) => [
    {
      title: 'Letters a second as each takes more processor time',
      kind: 'lines',
      x: { name: 'rounds a letter', log: true },
      y: { name: 'letters/s', log: true },
      series: analysis.targets.flatMap((target) =>
        cores(lab).map((cores) => ({
          name: `${target}, ${plural(cores, 'core')}`,
          points: rounds(lab).flatMap((rounds) =>
            analysis.point({ target, parameter: parameter(rounds, cores) }, 'letters/s', rounds),
          ),
        })),
      ),
    },
  ],

  notes: ['The load needs a core too: on a machine with two it shares one with the server.'],
} satisfies Experiment;

function whyNot(cores: number): string | undefined {
  if (process.platform !== 'linux') return 'keeping a process on a core needs taskset, which only Linux has';
  return cores > availableParallelism() ? `this machine has fewer than ${cores} cores` : undefined;
}

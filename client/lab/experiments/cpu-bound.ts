// Letters that cost the server something to compute: when do threads win?

import { availableParallelism } from 'node:os';
import type { Experiment, LabOptions } from '../experiment.js';
import { clause, ours, sentence } from './common.js';

const CLIENTS = 4;
/** Rounds of computing for each letter, as `strsvr --cpu-rounds` takes them. */
const parameters = ({ quick }: LabOptions) => (quick ? [100_000] : [0, 1_000, 10_000, 100_000, 1_000_000]);
const coreCounts = ({ quick }: LabOptions) => (quick ? [2] : [1, 2]);
const MODELS = ['events', 'threads'];

const parameter = (rounds: number, cores: number) =>
  `${rounds.toLocaleString('en')} rounds, ${cores} core${cores === 1 ? '' : 's'}`;
const letters = (rounds: number) => Math.max(40, Math.min(3_000, Math.round(4e7 / (rounds + 1))));

export const cpuBound: Experiment = {
  id: 'work',
  question: 'Letters that take the server something to compute: when do threads win?',
  variable: 'rounds of computing for each letter, and the cores that the server may use',
  hypothesis:
    'one thread computes one letter at a time, whatever the cores, and everybody waits meanwhile; a thread for each client uses them all. On one core threads gain nothing.',
  loop: `closed loop, ${CLIENTS} clients`,
  columns: ['letters/s', 'p50 ms', 'p99 ms', 'CPU µs/letter'],

  trials: (lab) =>
    ours(lab)
      .filter(({ name }) => MODELS.includes(name))
      .flatMap((target) =>
        parameters(lab).flatMap((rounds) =>
          coreCounts(lab).map((cores) => ({
            target: target.name,
            parameter: parameter(rounds, cores),
            measure:
              whyNot(cores) ??
              ((bench) =>
                bench.run(
                  { ...target, command: ['taskset', '-c', cores === 1 ? '0' : '0,1', ...target.command] },
                  ['--cpu-rounds', String(rounds)],
                  { clients: lab.clients ?? CLIENTS, letters: letters(rounds) },
                )),
          })),
        ),
      ),

  conclude: (analysis, lab) => {
    const rounds = parameters(lab).at(-1) ?? 0;
    const clauses = coreCounts(lab).flatMap((cores) => {
      const at = (target: string) => ({ target, parameter: parameter(rounds, cores) });
      return clause(
        parameter(rounds, cores),
        analysis.compare('letters/s', at('threads'), at('events'), 'letters/s'),
      );
    });
    return sentence(clauses).map((found) => `Threads at ${found}`);
  },

  charts: (analysis, lab) => [
    {
      title: 'Letters a second as each costs more to compute',
      kind: 'lines',
      x: { name: 'rounds a letter', log: true },
      y: { name: 'letters/s', log: true },
      series: analysis.targets.flatMap((target) =>
        coreCounts(lab).map((cores) => ({
          name: `${target}, ${cores} core${cores === 1 ? '' : 's'}`,
          points: parameters(lab).flatMap((rounds) => {
            const found = analysis.estimate({ target, parameter: parameter(rounds, cores) }, 'letters/s');
            return found === undefined ? [] : [{ x: Math.max(1, rounds), y: found.median }];
          }),
        })),
      ),
    },
  ],

  notes: ['The load needs a core too: on a machine with two it shares one with the server.'],
};

function whyNot(cores: number): string | undefined {
  if (process.platform !== 'linux') return 'keeping a process on a core needs taskset, which only Linux has';
  return cores > availableParallelism() ? `this machine has fewer than ${cores} cores` : undefined;
}

// Letters that cost the server something to compute: when do threads win?

import { availableParallelism } from 'node:os';
import type { Experiment, Lab } from '../experiment.js';
import { clause, ours, sentence } from './common.js';

const CLIENTS = 4;
/** Rounds of computing for each letter, as `strsvr --work` takes them. */
const levels = ({ quick }: Lab) => (quick ? [100_000] : [0, 1_000, 10_000, 100_000, 1_000_000]);
const coreCounts = ({ quick }: Lab) => (quick ? [2] : [1, 2]);
const MODELS = ['events', 'threads'];

const level = (rounds: number, cores: number) =>
  `${rounds.toLocaleString('en')} rounds, ${cores} core${cores === 1 ? '' : 's'}`;
const letters = (rounds: number) => Math.max(40, Math.min(3_000, Math.round(4e7 / (rounds + 1))));

export const work: Experiment = {
  id: 'work',
  question: 'Letters that take the server something to compute: when do threads win?',
  varies: 'rounds of computing for each letter, and the cores that the server may use',
  expects:
    'one thread computes one letter at a time, whatever the cores, and everybody waits meanwhile; a thread for each client uses them all. On one core threads gain nothing.',
  loop: `closed loop, ${CLIENTS} clients`,
  shown: ['letters/s', 'p50 ms', 'p99 ms', 'CPU µs/letter'],

  cells: (lab) =>
    ours(lab)
      .filter(({ name }) => MODELS.includes(name))
      .flatMap((target) =>
        levels(lab).flatMap((rounds) =>
          coreCounts(lab).map((cores) => ({
            target: target.name,
            level: level(rounds, cores),
            measure:
              whyNot(cores) ??
              ((bench) =>
                bench.run(
                  { ...target, command: ['taskset', '-c', cores === 1 ? '0' : '0,1', ...target.command] },
                  ['--work', String(rounds)],
                  { clients: lab.clients ?? CLIENTS, letters: letters(rounds) },
                )),
          })),
        ),
      ),

  conclude: (evidence, lab) => {
    const rounds = levels(lab).at(-1) ?? 0;
    const clauses = coreCounts(lab).flatMap((cores) => {
      const at = (target: string) => ({ target, level: level(rounds, cores) });
      return clause(
        level(rounds, cores),
        evidence.compare('letters/s', at('threads'), at('events'), 'letters/s'),
      );
    });
    return sentence(clauses).map((found) => `Threads at ${found}`);
  },

  charts: (evidence, lab) => [
    {
      title: 'Letters a second as each costs more to compute',
      kind: 'lines',
      x: { name: 'rounds a letter', log: true },
      y: { name: 'letters/s', log: true },
      series: evidence.targets.flatMap((target) =>
        coreCounts(lab).map((cores) => ({
          name: `${target}, ${cores} core${cores === 1 ? '' : 's'}`,
          points: levels(lab).flatMap((rounds) => {
            const found = evidence.estimate({ target, level: level(rounds, cores) }, 'letters/s');
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

// How the cost grows with the clients, and whose price it is: the model's or the runtime's.

import type { Experiment, LabOptions } from '../experiment.js';
import type { ServerUnderTest } from '../server-under-test.js';
import { clause, pick, sentence } from './common.js';

const LEVELS = [1, 10, 100, 1_000, 10_000];
const QUICK_LEVELS = [2, 10];
const TARGETS = [
  'events',
  'poll',
  'nonblocking',
  'blocking',
  'threads',
  'plain',
  'C epoll',
  'C threads',
  'Python asyncio',
  'Python nonblocking loop',
  'Python threads',
];
const QUICK_TARGETS = ['events', 'threads', 'C epoll', 'C threads'];
/** Beyond so many clients a run would show nothing but starting up. */
const MOST: Readonly<Record<string, readonly [clients: number, why: string]>> = {
  threads: [100, 'each worker thread takes 7 to 8 MB of memory and some 35 ms of processor time to start'],
  'C threads': [1_000, 'more threads than a process is usually allowed'],
  'Python threads': [1_000, 'more threads than a process is usually allowed'],
  'Python nonblocking loop': [1_000, 'each round asks every client, which takes seconds'],
  nonblocking: [1_000, 'each round asks every client'],
};

const parameters = ({ quick, clients }: LabOptions) =>
  clients === undefined ? (quick ? QUICK_LEVELS : LEVELS) : [clients];
const parameter = (clients: number) => `${clients.toLocaleString('en')} client${clients === 1 ? '' : 's'}`;
const x = (at: string) => Number.parseInt(at.replaceAll(',', ''), 10);
const targets = (lab: LabOptions) => pick(lab, lab.quick ? QUICK_TARGETS : TARGETS);

export const clients: Experiment = {
  id: 'clients',
  question: 'How does cost grow with the clients, and is it the model’s price or the runtime’s?',
  variable: 'the number of clients, all of them sending',
  hypothesis:
    'one thread does more at a time as more clients are ready, so its cost a letter falls; a thread for each client switches for every letter. In C a thread is cheap, in Node.js it is a V8 heap of its own.',
  loop: 'closed loop: each client sends its next letter when it has the answer',
  columns: ['letters/s', 'p99 ms', 'CPU µs/letter', 'switches/letter', 'KiB/client', 'start-up ms/client'],

  trials: (lab) =>
    targets(lab).flatMap((target) =>
      parameters(lab).map((count) => ({
        target: target.name,
        parameter: parameter(count),
        measure:
          whyNot(target, count) ??
          ((bench) =>
            bench.run(target, [], {
              clients: count,
              letters: lab.quick ? 3_000 : 30_000,
              warmup: Math.max(1, Math.min(20, Math.floor(2_000 / count))),
              timeoutMs: 60_000,
            })),
      })),
    ),

  conclude: (analysis, lab) => {
    const counts = parameters(lab).filter((clients) => clients <= 100);
    const [least = 1, most = 1] = [counts[0], counts.at(-1)];
    const at = (target: string, clients = most) => ({ target, parameter: parameter(clients) });
    const price = (metric: string) =>
      sentence([
        ...clause('in Node.js', analysis.compare(metric, at('threads'), at('events'), metric)),
        ...clause('in C', analysis.compare(metric, at('C threads'), at('C epoll'), metric)),
      ]).map((found) => `A thread for each of ${parameter(most)}, ${found}`);
    const growth = ['events', 'threads', 'C epoll', 'C threads'].flatMap((target) =>
      clause(
        target,
        analysis.compare('CPU µs/letter', at(target), at(target, least), 'CPU µs/letter', parameter(least)),
      ),
    );
    const runtimes = analysis.compare('letters/s', at('events'), at('C epoll'), 'letters/s');
    return [
      ...['CPU µs/letter', 'letters/s', 'switches/letter'].flatMap(price),
      ...(most > least ? sentence(growth).map((found) => `With ${parameter(most)}, ${found}`) : []),
      ...sentence(clause(`Events in Node.js against events in C, at ${parameter(most)}`, runtimes)),
    ];
  },

  charts: (analysis) =>
    (
      ['letters/s', 'p99 ms', 'CPU µs/letter', 'switches/letter', 'KiB/client', 'start-up ms/client'] as const
    ).map((metric) => ({
      title: `${metric} as clients are added`,
      kind: 'lines',
      x: { name: 'clients', log: true },
      y: { name: metric, log: true },
      series: analysis.targets.map((name) => ({
        name,
        points: analysis.series(name, metric, x).filter(({ y }) => y > 0),
      })),
    })),

  notes: [
    'A Worker of Node.js is a V8 heap with a thread; a thread of C is a stack. The verdict on threads is in the lines of C as much as in those of Node.js.',
    'Pariag and others, EuroSys 2007: event and pipeline servers were some 18 % ahead of a thread per connection, and tuning decided. Von Behren and others, SOSP 2003: threads of a user-level package carried 100,000 connections. Tyma, 2008: blocking threads were some 25 % ahead of nonblocking I/O in Java. The literature disagrees, and so may machines.',
  ],
};

function whyNot({ name }: ServerUnderTest, count: number): string | undefined {
  const [most, why] = MOST[name] ?? [Number.POSITIVE_INFINITY, ''];
  return count > most ? why : undefined;
}

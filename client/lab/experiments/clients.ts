// How the cost grows with the clients, and whose price it is: the model's or the runtime's.

import type { Experiment, Lab } from '../experiment.js';
import type { Target } from '../target.js';
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
  'Python circle',
  'Python threads',
];
const QUICK_TARGETS = ['events', 'threads', 'C epoll', 'C threads'];
/** Beyond so many clients a run would show nothing but starting up. */
const MOST: Readonly<Record<string, readonly [clients: number, why: string]>> = {
  threads: [100, 'each worker thread takes 7 to 8 MB of memory and some 35 ms of processor time to start'],
  'C threads': [1_000, 'more threads than a process is usually allowed'],
  'Python threads': [1_000, 'more threads than a process is usually allowed'],
  'Python circle': [1_000, 'each round asks every client, which takes seconds'],
  nonblocking: [1_000, 'each round asks every client'],
};

const levels = ({ quick, clients }: Lab) =>
  clients === undefined ? (quick ? QUICK_LEVELS : LEVELS) : [clients];
const level = (clients: number) => `${clients.toLocaleString('en')} client${clients === 1 ? '' : 's'}`;
const x = (at: string) => Number.parseInt(at.replaceAll(',', ''), 10);
const targets = (lab: Lab) => pick(lab, lab.quick ? QUICK_TARGETS : TARGETS);

export const clients: Experiment = {
  id: 'clients',
  question: 'How does cost grow with the clients, and is it the model’s price or the runtime’s?',
  varies: 'the number of clients, all of them sending',
  expects:
    'one thread does more at a time as more clients are ready, so its cost a letter falls; a thread for each client switches for every letter. In C a thread is cheap, in Node.js it is a V8 heap of its own.',
  loop: 'closed loop: each client sends its next letter when it has the answer',
  shown: ['letters/s', 'p99 ms', 'CPU µs/letter', 'switches/letter', 'KiB/client', 'start-up ms/client'],

  cells: (lab) =>
    targets(lab).flatMap((target) =>
      levels(lab).map((count) => ({
        target: target.name,
        level: level(count),
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

  conclude: (evidence, lab) => {
    const counts = levels(lab).filter((clients) => clients <= 100);
    const [least = 1, most = 1] = [counts[0], counts.at(-1)];
    const at = (target: string, clients = most) => ({ target, level: level(clients) });
    const price = (figure: string) =>
      sentence([
        ...clause('in Node.js', evidence.compare(figure, at('threads'), at('events'), figure)),
        ...clause('in C', evidence.compare(figure, at('C threads'), at('C epoll'), figure)),
      ]).map((found) => `A thread for each of ${level(most)}, ${found}`);
    const growth = ['events', 'threads', 'C epoll', 'C threads'].flatMap((target) =>
      clause(
        target,
        evidence.compare('CPU µs/letter', at(target), at(target, least), 'CPU µs/letter', level(least)),
      ),
    );
    const runtimes = evidence.compare('letters/s', at('events'), at('C epoll'), 'letters/s');
    return [
      ...['CPU µs/letter', 'letters/s', 'switches/letter'].flatMap(price),
      ...(most > least ? sentence(growth).map((found) => `With ${level(most)}, ${found}`) : []),
      ...sentence(clause(`Events in Node.js against events in C, at ${level(most)}`, runtimes)),
    ];
  },

  charts: (evidence) =>
    (
      ['letters/s', 'p99 ms', 'CPU µs/letter', 'switches/letter', 'KiB/client', 'start-up ms/client'] as const
    ).map((figure) => ({
      title: `${figure} as clients are added`,
      kind: 'lines',
      x: { name: 'clients', log: true },
      y: { name: figure, log: true },
      series: evidence.targets.map((name) => ({
        name,
        points: evidence.series(name, figure, x).filter(({ y }) => y > 0),
      })),
    })),

  notes: [
    'A Worker of Node.js is a V8 heap with a thread; a thread of C is a stack. The verdict on threads is in the lines of C as much as in those of Node.js.',
    'Pariag and others, EuroSys 2007: event and pipeline servers were some 18 % ahead of a thread per connection, and tuning decided. Von Behren and others, SOSP 2003: threads of a user-level package carried 100,000 connections. Tyma, 2008: blocking threads were some 25 % ahead of nonblocking I/O in Java. The literature disagrees, and so may machines.',
  ],
};

function whyNot({ name }: Target, count: number): string | undefined {
  const [most, why] = MOST[name] ?? [Number.POSITIVE_INFINITY, ''];
  return count > most ? why : undefined;
}

// How the cost grows with the clients, and whose price it is: the model's or the runtime's.

import type { Evidence } from '../evidence.js';
import type { Experiment, Lab } from '../experiment.js';
import type { Target } from '../target.js';
import { pick } from './common.js';

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
    const count =
      levels(lab)
        .filter((clients) => clients <= 100)
        .at(-1) ?? 1;
    return [
      ...threadsAgainstEvents(evidence, level(count), 'events', 'threads', 'In Node.js'),
      ...threadsAgainstEvents(evidence, level(count), 'C epoll', 'C threads', 'In C'),
      ...runtimes(evidence, level(count)),
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

function threadsAgainstEvents(
  evidence: Evidence,
  at: string,
  events: string,
  threads: string,
  where: string,
): string[] {
  const one = { target: threads, level: at };
  const other = { target: events, level: at };
  const said = (['letters/s', 'CPU µs/letter', 'switches/letter'] as const).flatMap(
    (figure) => evidence.compare(figure, one, other, figure) ?? [],
  );
  return said.length === 0 ? [] : [`${where}, at ${at}, a thread for each client: ${said.join('; ')}.`];
}

function runtimes(evidence: Evidence, at: string): string[] {
  const said = evidence.compare(
    'letters/s',
    { target: 'events', level: at },
    { target: 'C epoll', level: at },
    'letters/s',
  );
  return said === undefined ? [] : [`Events in Node.js against events in C, at ${at}: ${said}.`];
}

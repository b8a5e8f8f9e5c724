// How the cost grows with the number of clients, and whether the I/O model or the runtime causes it.

import { plural } from '../../../shared/numbers.js';
import { lineChart } from '../charts.js';
import { type Experiment, type LabOptions, pick, sentence, trials } from '../experiment.js';

const QUICK = ['events', 'threads', 'C epoll', 'C threads'];
/** With more clients a run would mostly measure the start. */
const LIMITS: Readonly<Record<string, readonly [clients: number, why: string]>> = {
  threads: [100, 'each worker thread takes 7 to 8 MB of memory and some 35 ms of processor time to start'],
  'C threads': [1_000, 'more threads than a process is usually allowed'],
  'Python threads': [1_000, 'more threads than a process is usually allowed'],
  'Python nonblocking loop': [1_000, 'each round polls every client, which takes seconds'],
  nonblocking: [1_000, 'each round polls every client'],
};
const METRICS = [
  'letters/s',
  'p99 ms',
  'CPU µs/letter',
  'switches/letter',
  'KiB/client',
  'start-up ms/client',
];

const values = ({ quick, clients }: LabOptions) =>
  clients !== undefined ? [clients] : quick ? [2, 10] : [1, 10, 100, 1_000, 10_000];
const parameter = (clients: number) => plural(clients, 'client');

export default {
  id: 'clients',
  order: 3,
  question: 'How does cost grow with the clients, and is the cause the I/O model or the runtime?',
  variable: 'the number of clients, all of them sending',
  hypothesis:
    'one thread handles more in each round as more clients are ready, so its cost a letter falls; a thread for each client switches for every letter. In C a thread is cheap, in Node.js it is a V8 heap of its own.',
  loop: 'closed loop: each client sends its next letter when it has the reply',
  columns: METRICS,

  trials: (lab) =>
    trials(lab.quick ? pick(lab, QUICK) : lab.targets, values(lab), parameter, (target, clients) => {
      const [most, why] = LIMITS[target.name] ?? [clients, ''];
      if (clients > most) return why;
      const letters = lab.quick ? 3_000 : 30_000;
      const warmup = Math.max(1, Math.min(20, Math.floor(2_000 / clients)));
      return { clients, letters, warmup, timeoutMs: 60_000 };
    }),

  conclude: (analysis, lab) => {
    const counts = values(lab).filter((clients) => clients <= 100);
    const [least = 1, most = 1] = [counts[0], counts.at(-1)];
    const at = (target: string, clients = most) => ({ target, parameter: parameter(clients) });
    const threadsAgainstEvents = (metric: string) =>
      sentence(
        [
          ...analysis.compare(metric, at('threads'), at('events'), { name: 'in Node.js' }),
          ...analysis.compare(metric, at('C threads'), at('C epoll'), { name: 'in C' }),
        ],
        `A thread for each of ${parameter(most)}, `,
      );
    const growth = ['events', 'threads', 'C epoll', 'C threads'].flatMap((target) =>
      analysis.compare('CPU µs/letter', at(target), at(target, least), { other: parameter(least) }),
    );
    return [
      ...['CPU µs/letter', 'letters/s', 'switches/letter'].flatMap(threadsAgainstEvents),
      ...(most > least ? sentence(growth, `With ${parameter(most)}, `) : []),
      ...sentence(
        analysis.compare('letters/s', at('events'), at('C epoll'), {
          name: `Events in Node.js against events in C, at ${parameter(most)}`,
        }),
      ),
    ];
  },

  charts: (analysis) =>
    METRICS.map((metric) =>
      lineChart(analysis, `${metric} as clients are added`, metric, { name: 'clients', log: true }),
    ),

  notes: [
    'A Worker of Node.js is a V8 heap with a thread; a thread of C is a stack. What threads cost is in the lines of C as much as in those of Node.js.',
    'Pariag and others, EuroSys 2007: event and pipeline servers were some 18 % ahead of a thread per connection, and tuning decided. Von Behren and others, SOSP 2003: threads of a user-level package carried 100,000 connections. Tyma, 2008: blocking threads were some 25 % ahead of nonblocking I/O in Java. The literature disagrees, and so may machines.',
  ],
} satisfies Experiment;

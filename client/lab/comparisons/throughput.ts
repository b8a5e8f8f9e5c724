// 100 clients that send as fast as they are answered: how many letters, and what each costs.

import { pick } from '../experiments/common.js';
import { ratioOf } from '../thresholds.js';
import { CLOSED_LOOP, comparison, WARM_UP } from './comparison.js';

const LEVEL = '100 clients';
const at = (target: string) => ({ target, parameter: LEVEL });
const C = at('C epoll');

export const throughput = comparison({
  id: 'many',
  question:
    'How many letters a second, and at what cost, from 100 clients, while the text grows from nothing to 30,000 letters?',
  loop: CLOSED_LOOP,
  columns: ['letters/s', 'CPU µs/letter', 'p50 ms', 'p99 ms', 'server CPU %', 'load CPU %'],
  trials: (lab) =>
    pick(lab, ['events', 'poll', 'plain', 'C epoll', 'Python asyncio']).map((target) => ({
      ...at(target.name),
      measure: (bench) =>
        bench.run(target, [], {
          clients: 100,
          letters: lab.quick ? 5_000 : 30_000,
          warmup: WARM_UP,
          timeoutMs: 60_000,
        }),
    })),
  thresholds: [
    ratioOf('letters/s, events / C epoll', 'letters/s', at('events'), C, { atLeast: 0.7 }),
    ratioOf('letters/s, poll / C epoll', 'letters/s', at('poll'), C, { atLeast: 0.85 }),
    ratioOf('letters/s, events / plain', 'letters/s', at('events'), at('plain'), { atLeast: 1.35 }),
    ratioOf('letters/s, events / Python asyncio', 'letters/s', at('events'), at('Python asyncio'), {
      atLeast: 2.5,
    }),
    ratioOf('CPU a letter, events / C epoll', 'CPU µs/letter', at('events'), C, { atMost: 1.8 }),
    ratioOf('CPU a letter, poll / C epoll', 'CPU µs/letter', at('poll'), C, { atMost: 1.4 }),
  ],
});

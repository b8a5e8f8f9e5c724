// One client alone: how long it waits for an answer.

import { pick } from '../experiments/common.js';
import { times } from '../goals.js';
import { CLOSED_LOOP, comparison, WARM_UP } from './comparison.js';

const at = (target: string) => ({ target, level: '1 client' });

export const one = comparison({
  id: 'one',
  question: 'How long does a client alone wait for its answer?',
  loop: CLOSED_LOOP,
  shown: ['p50 ms', 'p99 ms', 'CPU µs/letter', 'server CPU %', 'load CPU %'],
  cells: (lab) =>
    pick(lab, ['events', 'poll', 'C epoll']).map((target) => ({
      ...at(target.name),
      measure: (bench) =>
        bench.run(target, [], {
          clients: 1,
          letters: lab.quick ? 1_000 : 3_000,
          warmup: WARM_UP,
        }),
    })),
  goals: ['events', 'poll'].map((name) =>
    times(`median reply time, ${name} / C epoll`, 'p50 ms', at(name), at('C epoll'), { atMost: 1.15 }),
  ),
});

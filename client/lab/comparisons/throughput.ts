// 100 clients that send as fast as they are answered: how many letters, and what each costs.

import { against, CLOSED_LOOP, CPU_RATIO, comparison, cpuAgainstC, WARM_UP } from '../comparison.js';
import { pick, trials } from '../experiment.js';

const TARGETS = ['events', 'poll', 'uring', 'plain', 'C epoll', 'C io_uring', 'Python asyncio'];
const WARM = 'warmed up';
const COLD = 'cold';

export default comparison({
  id: 'throughput',
  order: 1,
  question:
    'How many letters a second, and at what cost, from 100 clients, while the text grows from nothing to 30,000 letters?',
  loop: `${CLOSED_LOOP}; cold: from the first letter`,
  columns: [CPU_RATIO, 'letters/s', 'CPU µs/letter', 'p50 ms', 'p99 ms', 'server CPU %', 'load CPU %'],
  trials: (lab) => {
    const letters = lab.quick ? 5_000 : 30_000;
    const targets = pick(lab, TARGETS);
    return trials(targets, [WARM, COLD], String, (_, parameter) => {
      return { clients: 100, letters, warmup: parameter === WARM ? WARM_UP : 0, timeoutMs: 60_000 };
    });
  },
  thresholds: [
    cpuAgainstC('events', WARM, { atMost: 1.4 }),
    cpuAgainstC('poll', WARM, { atMost: 1.45 }),
    cpuAgainstC('uring', WARM, { atMost: 1.12 }),
    cpuAgainstC('C io_uring', WARM),
    cpuAgainstC('events', COLD, { atMost: 1.7 }),
    cpuAgainstC('poll', COLD, { atMost: 1.5 }),
    cpuAgainstC('uring', COLD, { atMost: 1.2 }),
    against('C epoll', 'letters/s', 'events', COLD, { atLeast: 0.72 }),
    against('C epoll', 'letters/s', 'poll', COLD, { atLeast: 0.8 }),
    against('C epoll', 'letters/s', 'uring', COLD, { atLeast: 0.9 }),
    against('plain', 'letters/s', 'events', WARM, { atLeast: 1.35 }),
    against('Python asyncio', 'letters/s', 'events', WARM, { atLeast: 2.5 }),
  ],
});

// 100 clients that send as fast as they are answered: how many letters, and what each costs.

import { CLOSED_LOOP, CPU_RATIO, comparison, WARM_UP } from '../comparison.js';
import type { Bound } from '../results.js';
import { metricOf, ratioOf } from '../thresholds.js';
import { pick, trials } from '../trials.js';

const WARM = 'warmed up';
const COLD = 'cold';
const rate = (ours: string, other: string, parameter: string, bound: Bound) =>
  ratioOf(
    `letters/s, ${ours} / ${other}, ${parameter}`,
    'letters/s',
    { target: ours, parameter },
    { target: other, parameter },
    bound,
  );
const cpu = (target: string, parameter: string, atMost?: number) =>
  metricOf(
    `CPU a letter, ${target} / C epoll, ${parameter}`,
    CPU_RATIO,
    { target, parameter },
    atMost === undefined ? undefined : { atMost },
  );

export default comparison({
  id: 'throughput',
  order: 1,
  question:
    'How many letters a second, and at what cost, from 100 clients, while the text grows from nothing to 30,000 letters?',
  loop: `${CLOSED_LOOP}; cold: from the first letter`,
  columns: [CPU_RATIO, 'letters/s', 'CPU µs/letter', 'p50 ms', 'p99 ms', 'server CPU %', 'load CPU %'],
  trials: (lab) => {
    const letters = lab.quick ? 5_000 : 30_000;
    const targets = pick(lab, [
      'events',
      'poll',
      'uring',
      'plain',
      'C epoll',
      'C io_uring',
      'Python asyncio',
    ]);
    return trials(targets, [WARM, COLD], String, (target, parameter) => (context) => {
      const warmup = parameter === WARM ? WARM_UP : 0;
      return context.run(target, [], { clients: 100, letters, warmup, timeoutMs: 60_000 });
    });
  },
  thresholds: [
    cpu('events', WARM, 1.4),
    cpu('poll', WARM, 1.45),
    cpu('uring', WARM, 1.12),
    cpu('C io_uring', WARM),
    cpu('events', COLD, 1.7),
    cpu('poll', COLD, 1.5),
    cpu('uring', COLD, 1.2),
    rate('events', 'C epoll', COLD, { atLeast: 0.72 }),
    rate('poll', 'C epoll', COLD, { atLeast: 0.8 }),
    rate('uring', 'C epoll', COLD, { atLeast: 0.9 }),
    rate('events', 'plain', WARM, { atLeast: 1.35 }),
    rate('events', 'Python asyncio', WARM, { atLeast: 2.5 }),
  ],
});

// 100 clients that send as fast as they are answered: how many letters, and what each costs.

import { CLOSED_LOOP, comparison, WARM_UP } from '../comparison.js';
import type { Bound } from '../results.js';
import { ratioOf } from '../thresholds.js';
import { pick, trials } from '../trials.js';

const PARAMETER = '100 clients';
const at = (target: string) => ({ target, parameter: PARAMETER });
const rate = (ours: string, other: string, bound: Bound) =>
  ratioOf(`letters/s, ${ours} / ${other}`, 'letters/s', at(ours), at(other), bound);
const cpu = (ours: string, other: string, bound: Bound) =>
  ratioOf(`CPU a letter, ${ours} / ${other}`, 'CPU µs/letter', at(ours), at(other), bound);

export default comparison({
  id: 'throughput',
  order: 1,
  question:
    'How many letters a second, and at what cost, from 100 clients, while the text grows from nothing to 30,000 letters?',
  loop: CLOSED_LOOP,
  columns: ['letters/s', 'CPU µs/letter', 'p50 ms', 'p99 ms', 'server CPU %', 'load CPU %'],
  trials: (lab) => {
    const letters = lab.quick ? 5_000 : 30_000;
    const plan = { clients: 100, letters, warmup: WARM_UP, timeoutMs: 60_000 };
    const targets = pick(lab, ['events', 'poll', 'plain', 'C epoll', 'Python asyncio']);
    return trials(targets, [PARAMETER], String, (target) => (context) => context.run(target, [], plan));
  },
  thresholds: [
    rate('events', 'C epoll', { atLeast: 0.7 }),
    rate('poll', 'C epoll', { atLeast: 0.85 }),
    rate('events', 'plain', { atLeast: 1.35 }),
    rate('events', 'Python asyncio', { atLeast: 2.5 }),
    cpu('events', 'C epoll', { atMost: 1.8 }),
    cpu('poll', 'C epoll', { atMost: 1.4 }),
  ],
});

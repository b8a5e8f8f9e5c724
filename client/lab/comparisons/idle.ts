// 10,000 clients are connected: what does each idle one cost?

import { CLOSED_LOOP, comparison, WARM_UP } from '../comparison.js';
import { pick, trials } from '../experiment.js';
import type { Bound } from '../results.js';
import { ourServer } from '../servers-under-test.js';
import { type Threshold, threshold } from '../thresholds.js';

const ACTIVE = 100;
const CONNECTED = 10_000;
const EVENTS = ourServer('events');
const FEW = '100 connected';
const MANY = '10,000 connected';
const IDLE = { target: 'events', parameter: '10,000 idle' };

export default comparison({
  id: 'idle',
  order: 4,
  question: 'What do 10,000 connected clients cost when 100 of them are active, or none?',
  loop: CLOSED_LOOP,
  columns: ['letters/s', 'CPU µs/letter', 'p99 ms', 'KiB/client', 'server CPU %', 'load CPU %'],
  trials: (lab) => [
    ...trials(pick(lab, ['events', 'uring']), [FEW, MANY], String, (_, parameter) => ({
      clients: ACTIVE,
      idleClients: parameter === FEW ? 0 : CONNECTED - ACTIVE,
      letters: lab.quick ? 5_000 : 30_000,
      ...{ warmup: WARM_UP, timeoutMs: 60_000 },
    })),
    // The client that warms up connects last: when it has a reply, the others have been accepted.
    ...trials([EVENTS], [IDLE.parameter], String, () => ({
      ...{ idleClients: CONNECTED, letters: 0, warmup: 1, timeoutMs: 60_000 },
    })),
  ],
  thresholds: [
    ...['events', 'uring'].map((target) => grows(target, 'CPU µs/letter', { atMost: 1.6 })),
    grows('events', 'letters/s', { atLeast: 0.7 }),
    threshold('resident KiB an idle client, events', 'KiB/client', [IDLE], { atMost: 12 }),
  ],
});

function grows(target: string, metric: string, bound: Bound): Threshold {
  const conditions = [MANY, FEW].map((parameter) => ({ target, parameter }));
  return threshold(`${metric}, ${target}, ${MANY} / 100`, metric, conditions, bound);
}

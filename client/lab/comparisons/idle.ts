// 10,000 clients are connected: what do those cost that say nothing?

import type { LabOptions, Measured, RunContext } from '../experiment.js';
import { ourServer } from '../servers-under-test.js';
import { metricOf, ratioOf } from '../thresholds.js';
import { CLOSED_LOOP, comparison, WARM_UP } from './comparison.js';

const ACTIVE = 100;
const CONNECTED = 10_000;
const EVENTS = ourServer('events');
const FEW = { target: 'events', parameter: '100 connected' };
const MANY = { target: 'events', parameter: '10,000 connected' };
const IDLE = { target: 'events', parameter: '10,000 idle' };

export const idle = comparison({
  id: 'idle',
  question: 'What do 10,000 connected clients cost when 100 of them are active, or none?',
  loop: CLOSED_LOOP,
  columns: ['letters/s', 'CPU µs/letter', 'p99 ms', 'KiB/client', 'server CPU %', 'load CPU %'],
  trials: (lab) => [
    { ...FEW, measure: active(lab, 0) },
    { ...MANY, measure: active(lab, CONNECTED - ACTIVE) },
    {
      ...IDLE,
      // The one who speaks comes last: when it has an answer, the others have been accepted.
      measure: async (bench) => {
        const plan = { clients: 1, idleClients: CONNECTED, letters: 1, warmup: 1, timeoutMs: 60_000 };
        const measured = await bench.run(EVENTS, [], plan);
        const { 'KiB/client': kibibytes } = measured.metrics;
        return { ...measured, metrics: kibibytes === undefined ? {} : { 'KiB/client': kibibytes } };
      },
    },
  ],
  thresholds: [
    ratioOf('letters/s, events, 10,000 connected / 100', 'letters/s', MANY, FEW, { atLeast: 0.7 }),
    metricOf('resident KiB an idle client, events', 'KiB/client', IDLE, { atMost: 12 }),
  ],
});

function active({ quick }: LabOptions, idleClients: number): (bench: RunContext) => Promise<Measured> {
  return (bench) =>
    bench.run(EVENTS, [], {
      clients: ACTIVE,
      idleClients,
      letters: quick ? 5_000 : 30_000,
      warmup: WARM_UP,
      timeoutMs: 60_000,
    });
}

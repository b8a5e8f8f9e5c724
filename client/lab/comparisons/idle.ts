// 10,000 clients are connected: what do those cost that say nothing?

import type { Bench, Lab, Measured } from '../experiment.js';
import { amount, times } from '../goals.js';
import { ourTarget } from '../targets.js';
import { CLOSED_LOOP, comparison, WARM_UP } from './comparison.js';

const ACTIVE = 100;
const CONNECTED = 10_000;
const EVENTS = ourTarget('events');
const FEW = { target: 'events', level: '100 connected' };
const MANY = { target: 'events', level: '10,000 connected' };
const IDLE = { target: 'events', level: '10,000 idle' };

export const idle = comparison({
  id: 'idle',
  question: 'What do 10,000 connected clients cost when 100 of them are active, or none?',
  loop: CLOSED_LOOP,
  shown: ['letters/s', 'CPU µs/letter', 'p99 ms', 'KiB/client', 'server CPU %', 'load CPU %'],
  cells: (lab) => [
    { ...FEW, measure: active(lab, 0) },
    { ...MANY, measure: active(lab, CONNECTED - ACTIVE) },
    {
      ...IDLE,
      // The one who speaks comes last: when it has an answer, the others have been accepted.
      measure: async (bench) => {
        const plan = { clients: 1, silent: CONNECTED, letters: 1, warmup: 1, timeoutMs: 60_000 };
        const measured = await bench.run(EVENTS, [], plan);
        const { 'KiB/client': kibibytes } = measured.figures;
        return { ...measured, figures: kibibytes === undefined ? {} : { 'KiB/client': kibibytes } };
      },
    },
  ],
  goals: [
    times('letters/s, events, 10,000 connected / 100', 'letters/s', MANY, FEW, { atLeast: 0.7 }),
    amount('resident KiB an idle client, events', 'KiB/client', IDLE, { atMost: 12 }),
  ],
});

function active({ quick }: Lab, silent: number): (bench: Bench) => Promise<Measured> {
  return (bench) =>
    bench.run(EVENTS, [], {
      clients: ACTIVE,
      silent,
      letters: quick ? 5_000 : 30_000,
      warmup: WARM_UP,
      timeoutMs: 60_000,
    });
}

// One client alone: how long it waits for an answer.

import { onCore } from '../../load/run-load.js';
import { pick } from '../experiments/common.js';
import { ratioOf } from '../thresholds.js';
import { CLOSED_LOOP, comparison, WARM_UP } from './comparison.js';

/**
 * Only one side has something to do at a time, so the system may put both on one core, or wake the other core for each
 * letter and each reply, which takes several times as long. Left alone it does now this and now that.
 */
const PLACES = [
  { parameter: 'on one core', server: 0, load: 0 },
  { parameter: 'on two cores', server: 1, load: 0 },
] as const;

export const latency = comparison({
  id: 'one',
  question: 'How long does a client alone wait for its answer?',
  loop: CLOSED_LOOP,
  columns: ['p50 ms', 'p99 ms', 'CPU µs/letter', 'server CPU %', 'load CPU %'],
  trials: (lab) =>
    PLACES.flatMap(({ parameter, server, load }) =>
      pick(lab, ['events', 'poll', 'C epoll']).map((target) => ({
        target: target.name,
        parameter,
        measure: (bench) =>
          bench.run({ ...target, command: [...onCore(server), ...target.command] }, [], {
            clients: 1,
            letters: lab.quick ? 1_000 : 3_000,
            warmup: WARM_UP,
            core: load,
          }),
      })),
    ),
  thresholds: PLACES.flatMap(({ parameter }) =>
    ['events', 'poll'].map((target) =>
      ratioOf(
        `median reply time ${parameter}, ${target} / C epoll`,
        'p50 ms',
        { target, parameter },
        { target: 'C epoll', parameter },
        { atMost: 1.15 },
      ),
    ),
  ),
});

// One client alone: how long it waits for an answer.

import { pick } from '../experiments/common.js';
import { times } from '../goals.js';
import { onCore } from '../load/run-load.js';
import { CLOSED_LOOP, comparison, WARM_UP } from './comparison.js';

/**
 * Only one side has something to do at a time, so the system may put both on one core, or wake the other core for each
 * letter and each reply, which takes several times as long. Left alone it does now this and now that.
 */
const PLACES = [
  { level: 'on one core', server: 0, load: 0 },
  { level: 'on two cores', server: 1, load: 0 },
] as const;

export const one = comparison({
  id: 'one',
  question: 'How long does a client alone wait for its answer?',
  loop: CLOSED_LOOP,
  shown: ['p50 ms', 'p99 ms', 'CPU µs/letter', 'server CPU %', 'load CPU %'],
  cells: (lab) =>
    PLACES.flatMap(({ level, server, load }) =>
      pick(lab, ['events', 'poll', 'C epoll']).map((target) => ({
        target: target.name,
        level,
        measure: (bench) =>
          bench.run({ ...target, command: [...onCore(server), ...target.command] }, [], {
            clients: 1,
            letters: lab.quick ? 1_000 : 3_000,
            warmup: WARM_UP,
            core: load,
          }),
      })),
    ),
  goals: PLACES.flatMap(({ level }) =>
    ['events', 'poll'].map((target) =>
      times(
        `median reply time ${level}, ${target} / C epoll`,
        'p50 ms',
        { target, level },
        { target: 'C epoll', level },
        { atMost: 1.15 },
      ),
    ),
  ),
});

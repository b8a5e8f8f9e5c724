// One client alone: how long it waits for a reply.

import { onCore } from '../../load/run-load.js';
import { against, CLOSED_LOOP, CPU_RATIO, comparison, WARM_UP } from '../comparison.js';
import { pick, trials } from '../experiment.js';

/**
 * Only one side works at a time, so the system may put both on one core, or wake the other core for each letter and each
 * reply, which takes several times as long. Without pinning it changes between the two.
 */
const PINNINGS = [
  { parameter: 'on one core', server: 0, load: 0 },
  { parameter: 'on two cores', server: 1, load: 0 },
] as const;

export default comparison({
  id: 'latency',
  order: 2,
  question: 'How long does a client alone wait for its reply?',
  loop: CLOSED_LOOP,
  columns: [CPU_RATIO, 'p50 ms', 'p99 ms', 'CPU µs/letter', 'server CPU %', 'load CPU %'],
  trials: (lab) =>
    trials(
      pick(lab, ['events', 'poll', 'uring', 'C epoll']),
      PINNINGS,
      ({ parameter }) => parameter,
      (target, { server, load }) => {
        const pinned = { ...target, command: [...onCore(server), ...target.command] };
        const plan = { clients: 1, letters: lab.quick ? 1_000 : 3_000, warmup: WARM_UP, core: load };
        return (context) => context.run(pinned, [], plan);
      },
    ),
  thresholds: PINNINGS.flatMap(({ parameter }) =>
    ['events', 'poll', 'uring'].map((target) =>
      against('C epoll', 'p50 ms', target, parameter, { atMost: target === 'uring' ? 1.2 : 1.15 }),
    ),
  ),
});

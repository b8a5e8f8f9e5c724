// The text is long already: how fast do replies leave?

import { against, CLOSED_LOOP, CPU_RATIO, comparison, cpuAgainstC, WARM_UP } from '../comparison.js';
import { pick, trials } from '../experiment.js';

const PARAMETER = '256 KiB of text';

export default comparison({
  id: 'large-reply',
  order: 5,
  question: 'How many bytes of replies a second when the text is 256 KiB long, from 10 clients?',
  loop: CLOSED_LOOP,
  columns: [CPU_RATIO, 'MiB/s', 'letters/s', 'CPU µs/letter', 'p99 ms', 'server CPU %', 'load CPU %'],
  trials: (lab) => {
    const letters = lab.quick ? 1_000 : 5_000;
    const plan = { clients: 10, letters, prefill: 256 * 1024, warmup: WARM_UP };
    const targets = pick(lab, ['events', 'poll', 'uring', 'C epoll', 'C io_uring']);
    return trials(targets, [PARAMETER], String, () => plan);
  },
  thresholds: [
    ...Object.entries({ events: 1.3, poll: 1.2, uring: 0.95 }).map(([target, atMost]) =>
      cpuAgainstC(target, PARAMETER, { atMost }),
    ),
    ...Object.entries({ events: 0.9, uring: 1 }).map(([target, atLeast]) =>
      against('C epoll', 'MiB/s', target, PARAMETER, { atLeast }),
    ),
  ],
});

// The text is long already: how fast do replies leave?

import { pick } from '../experiments/common.js';
import { ratioOf } from '../thresholds.js';
import { CLOSED_LOOP, comparison, WARM_UP } from './comparison.js';

const at = (target: string) => ({ target, parameter: '256 KiB of text' });

export const largeReply = comparison({
  id: 'long',
  question: 'How many bytes of replies a second when the text is 256 KiB long, from 10 clients?',
  loop: CLOSED_LOOP,
  columns: ['MiB/s', 'letters/s', 'CPU µs/letter', 'p99 ms', 'server CPU %', 'load CPU %'],
  trials: (lab) =>
    pick(lab, ['events', 'poll', 'C epoll']).map((target) => ({
      ...at(target.name),
      measure: async (bench) => {
        const measured = await bench.run(target, [], {
          clients: 10,
          letters: lab.quick ? 1_000 : 5_000,
          prefill: 256 * 1024,
          warmup: WARM_UP,
        });
        const { replyBytes = 0, seconds = 0 } = measured.load ?? {};
        return { ...measured, metrics: { ...measured.metrics, 'MiB/s': replyBytes / seconds / 2 ** 20 } };
      },
    })),
  thresholds: [
    ratioOf('bytes/s of replies, events / C epoll', 'MiB/s', at('events'), at('C epoll'), { atLeast: 0.9 }),
  ],
});

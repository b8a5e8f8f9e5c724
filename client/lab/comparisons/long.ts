// The text is long already: how fast do replies leave?

import { pick } from '../experiments/common.js';
import { times } from '../goals.js';
import { CLOSED_LOOP, comparison, WARM_UP } from './comparison.js';

const at = (target: string) => ({ target, level: '256 KiB of text' });

export const long = comparison({
  id: 'long',
  question: 'How many bytes of replies a second when the text is 256 KiB long, from 10 clients?',
  loop: CLOSED_LOOP,
  shown: ['MiB/s', 'letters/s', 'CPU µs/letter', 'p99 ms', 'server CPU %', 'load CPU %'],
  cells: (lab) =>
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
        return { ...measured, figures: { ...measured.figures, 'MiB/s': replyBytes / seconds / 2 ** 20 } };
      },
    })),
  goals: [
    times('bytes/s of replies, events / C epoll', 'MiB/s', at('events'), at('C epoll'), { atLeast: 0.9 }),
  ],
});

// One client sends 1,000 letters in one write, and receives 500,500 bytes.

import { runBurst } from '../../load/run-load.js';
import { comparison, WARM_UP } from '../comparison.js';
import { ratioOf } from '../thresholds.js';
import { pick, trials } from '../trials.js';

const WARM = 'warmed up';
const COLD = 'cold';
const at = (target: string, parameter: string) => ({ target, parameter });

export default comparison({
  id: 'burst',
  order: 3,
  question: 'How long until 1,000 letters that were sent in one write are answered?',
  loop: `one client, letters without line ends, a load that never sleeps; warmed up with ${WARM_UP} line ends, and cold`,
  columns: ['ms'],
  trials: (lab) =>
    trials(
      pick(lab, ['events', 'poll', 'C epoll']),
      [WARM, COLD],
      String,
      (target, parameter) => (context) =>
        context.withServer(target, [], async ({ host, port }) => {
          const warmup = parameter === WARM ? WARM_UP : 0;
          const found = await runBurst({ host, port, letters: 1_000, warmup, timeoutMs: 10_000 });
          return 'wrong' in found ? { metrics: {}, wrong: found.wrong } : { metrics: { ms: found.ms } };
        }),
    ),
  thresholds: [
    ratioOf('time, events / C epoll, warmed up', 'ms', at('events', WARM), at('C epoll', WARM), {
      atMost: 2.5,
    }),
    ratioOf('time, events / C epoll, cold', 'ms', at('events', COLD), at('C epoll', COLD)),
  ],
});

// One client sends 1,000 letters in one write, and receives 500,500 bytes.

import { runBurst } from '../../load/run-load.js';
import { against, comparison, WARM_UP } from '../comparison.js';
import { pick, trials } from '../experiment.js';

const WARM = 'warmed up';
const COLD = 'cold';

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
    against('C epoll', 'ms', 'events', WARM, { atMost: 2.5 }),
    against('C epoll', 'ms', 'events', COLD),
  ],
});

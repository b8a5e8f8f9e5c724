// One client sends 1,000 letters in one write, and has 500,500 bytes to come.

import { runBurst } from '../../load/run-load.js';
import { pick } from '../experiments/common.js';
import { ratioOf } from '../thresholds.js';
import { comparison, WARM_UP } from './comparison.js';

const WARM = 'warmed up';
const COLD = 'cold';
const at = (target: string, parameter: string) => ({ target, parameter });

export const burst = comparison({
  id: 'burst',
  question: 'How long until 1,000 letters that were sent in one write are answered?',
  loop: `one client, letters without line ends, a load that never sleeps; warmed up with ${WARM_UP} line ends, and cold`,
  columns: ['ms'],
  trials: (lab) =>
    pick(lab, ['events', 'poll', 'C epoll']).flatMap((target) =>
      [WARM, COLD].map((parameter) => ({
        ...at(target.name, parameter),
        measure: (bench) =>
          bench.withServer(target, [], async (server) => {
            const found = await runBurst({
              host: server.host,
              port: server.port,
              letters: 1_000,
              warmup: parameter === WARM ? WARM_UP : 0,
              timeoutMs: 10_000,
            });
            return 'wrong' in found ? { metrics: {}, wrong: found.wrong } : { metrics: { ms: found.ms } };
          }),
      })),
    ),
  thresholds: [
    ratioOf('time, events / C epoll, warmed up', 'ms', at('events', WARM), at('C epoll', WARM), {
      atMost: 2.5,
    }),
    ratioOf('time, events / C epoll, cold', 'ms', at('events', COLD), at('C epoll', COLD)),
  ],
});
